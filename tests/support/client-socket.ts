/** Less than a test may take, so that the reason is seen and not the test's end. */
const WITHIN_MS = 50_000

/**
 * A WebSocket as a foreign client would write it: JSON frames in, in order, each taken once. Resolves when it is open.
 * @throws Error when it does not open
 */
export const openClientSocket = async <Frame>(
  url: string,
  options: { headers?: Record<string, string>; protocols?: string[] },
) => {
  const frames: Frame[] = []
  let closed: { code: number } | undefined
  const socket = new WebSocket(url, options as never)
  /** Who waits for a frame or the end looks at each of these, and at nothing in between: the CPU is the server's meanwhile. */
  const waiting = new Set<() => void>()
  const changed = () => {
    for (const look of [...waiting]) look()
  }
  const until = <T>(take: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const look = () => {
        const taken = take()
        if (taken === undefined) return false
        clearTimeout(timer)
        waiting.delete(look)
        resolve(taken)
        return true
      }
      const timer = setTimeout(() => {
        waiting.delete(look)
        reject(new Error(`not within ${WITHIN_MS} ms: ${take}; closed: ${closed?.code}, frames: ${JSON.stringify(frames)}`))
      }, WITHIN_MS)
      if (!look()) waiting.add(look)
    })
  socket.addEventListener('message', ({ data }) => {
    frames.push(JSON.parse(String(data)))
    changed()
  })
  socket.addEventListener('close', ({ code }) => {
    closed = { code }
    changed()
  })
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve())
    socket.addEventListener('error', () => reject(new Error('the socket did not open')))
  })
  return {
    socket,
    /** Frames that no caller has taken. */
    frames,
    /** Takes the first frame that fits, now or as soon as it comes. @throws Error when none does in time */
    next: (fits: (frame: Frame) => boolean): Promise<Frame> =>
      until(() => {
        const at = frames.findIndex(fits)
        return at < 0 ? undefined : frames.splice(at, 1)[0]
      }),
    raw: (text: string | Uint8Array) => socket.send(text as never),
    /** The code it was closed with. @throws Error when it is not in time */
    closed: async () => (await until(() => closed)).code,
    isClosed: () => closed !== undefined,
    close: async () => {
      socket.close()
      await until(() => closed)
    },
  }
}
