import type { Answered } from './judge.ts'
import type { Made } from './requests.ts'
import type { World } from './world.ts'

/** How much of a stream is read. */
const STREAM_BYTES = 2000

/** Sends a request through the app. Who waits for something to come is woken by the clock, who streams is cut off. */
export const send = async (world: World, method: string, { path, headers, body }: Made): Promise<Answered> => {
  const request = new Request(`http://localhost${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
  const pending = Promise.resolve(world.app.handle(request))
  let settled = false
  pending.then(
    () => (settled = true),
    () => (settled = true),
  )
  for (let turns = 0; !settled; turns++) {
    await new Promise<void>((resolve) => setImmediate(resolve))
    if (turns > 40) await Bun.sleep(1)
    if (turns > 60 && turns % 20 === 0) world.clock.advance(1000)
    if (turns > 20_000) throw new Error('no answer')
  }
  const response = (await pending) as Response
  if (!/^text\/event-stream/.test(response.headers.get('content-type') ?? ''))
    return { status: response.status, headers: response.headers, text: await response.text() }
  const reader = response.body?.getReader()
  let text = ''
  const decoder = new TextDecoder()
  while (reader && text.length < STREAM_BYTES) {
    const part = await Promise.race([reader.read(), Bun.sleep(text === '' ? 50 : 2).then(() => undefined)])
    if (!part || part.done) break
    text += decoder.decode(part.value, { stream: true })
  }
  await reader?.cancel()
  return { status: response.status, headers: response.headers, text }
}
