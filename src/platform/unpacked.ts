/** The coding of an answer that nobody has asked for: it is not unpacked. */
export class CodingRefused extends Error {
  override name = 'CodingRefused'
  readonly code = 'CODING_REFUSED'
  constructor() {
    super('the answer is packed in a way that was not asked for')
  }
}

/** Codings that there are. Another word in the header (`utf-8`, `none`) is a mistake of who set the server up: browsers ignore it too. */
const CODING = /(?:^|[\s,])(?:x-)?(?:gzip|deflate|compress|br|zstd|exi|pack200-gzip|aes128gcm|dcb|dcz)(?:$|[\s,])/

/** Bytes that come out of an unpacking stream at once. */
const CHUNK_BYTES = 64 * 1024

const unpacked = (response: Response): Response => {
  const coding = response.headers.get('content-encoding')?.trim().toLowerCase() ?? ''
  if (!CODING.test(coding) || response.body === null) return response
  const { createBrotliDecompress, createGunzip } = process.getBuiltinModule('node:zlib')
  const { pipeline, Readable } = process.getBuiltinModule('node:stream')
  const chunkSize = CHUNK_BYTES
  const unpack = /^(?:x-)?gzip$/.test(coding)
    ? createGunzip({ chunkSize })
    : coding === 'br'
      ? createBrotliDecompress({ chunkSize })
      : undefined
  if (!unpack) {
    response.body.cancel().catch(() => {}) // the caller gets the error below
    throw new CodingRefused()
  }
  // The error comes out of the unpacked body, at its reader.
  pipeline(Readable.fromWeb(response.body as never), unpack, () => {})
  const { status, headers } = response
  return new Response(Readable.toWeb(unpack) as never, { status, headers })
}

/** The body of a request that can be sent several times. */
export const bodyOf = async (request: Request): Promise<BodyInit | undefined> =>
  request.body === null ? undefined : await request.arrayBuffer()

/**
 * `fetch` of every client of ours: asks for gzip and br alone, and unpacks the body as it is read, so that a reader who counts stops the
 * work too: a few packed kilobytes may hold gigabytes. Follows no redirect. A body that is cut off fails at its reader.
 * @throws CodingRefused for a coding that was not asked for; what `fetch` throws
 */
export const fetchUnpacked = async (href: string, init: BunFetchRequestInit): Promise<Response> => {
  const headers = new Headers(init.headers as HeadersInit | undefined)
  headers.set('accept-encoding', 'gzip, br')
  return unpacked(await fetch(href, { ...init, headers, redirect: 'manual', decompress: false }))
}

/** `fetchUnpacked` of a request as it stands. */
export const sendUnpacked = async (request: Request): Promise<Response> => {
  const { url, method, headers, signal } = request
  return fetchUnpacked(url, { method, headers, signal, body: await bodyOf(request) })
}
