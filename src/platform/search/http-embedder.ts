/** An embedder that did not answer, or not with a vector. The message names what happened and never quotes the embedder's answer. */
class EmbedderFailure extends Error {
  override name = 'EmbedderFailure'
}

export interface HttpEmbedderOptions {
  url: string
  model: string
  dim: number
  /** Sent as a bearer token. */
  apiKey?: string
  timeoutMs: number
}

/** Largest answer that is read. */
const MOST_BYTES = 4 * 1_048_576

/**
 * Embeds texts through an OpenAI-compatible service: POST `{model, input:[text]}`, answered by `{data:[{embedding}]}`.
 * @throws EmbedderFailure for any answer but a vector of `dim` finite numbers in time
 */
export const createHttpEmbedder = ({ url, model, dim, apiKey, timeoutMs }: HttpEmbedderOptions) => ({
  async embed(text: string): Promise<Float32Array> {
    let answer: unknown
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}) },
        body: JSON.stringify({ model, input: [text] }),
        // A redirect could take the key to another host.
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      })
      if (!response.ok) throw new EmbedderFailure(`answered ${response.status}`)
      const chunks: Uint8Array[] = []
      let size = 0
      for await (const chunk of response.body ?? []) {
        size += chunk.byteLength
        if (size > MOST_BYTES) throw new EmbedderFailure('answered too much')
        chunks.push(chunk)
      }
      answer = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    } catch (error) {
      if (error instanceof EmbedderFailure) throw error
      throw new EmbedderFailure((error as Error).name === 'TimeoutError' ? 'did not answer in time' : 'could not be asked')
    }
    const vector = (answer as { data?: { embedding?: unknown }[] } | null)?.data?.[0]?.embedding
    if (
      !Array.isArray(vector) ||
      vector.length !== dim ||
      !vector.every((part) => typeof part === 'number' && Number.isFinite(part))
    )
      throw new EmbedderFailure(`did not answer a vector of ${dim} numbers`)
    return Float32Array.from(vector)
  },
})
