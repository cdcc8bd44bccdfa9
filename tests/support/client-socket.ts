import { eventually } from './eventually.ts'

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
  socket.addEventListener('message', ({ data }) => frames.push(JSON.parse(String(data))))
  socket.addEventListener('close', ({ code }) => {
    closed = { code }
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
    next: async (fits: (frame: Frame) => boolean): Promise<Frame> => {
      await eventually(
        () => frames,
        (all) => all.some(fits),
      )
      return frames.splice(frames.findIndex(fits), 1)[0] as Frame
    },
    raw: (text: string | Uint8Array) => socket.send(text as never),
    /** The code it was closed with. @throws Error when it is not in time */
    closed: async () => {
      await eventually(() => closed !== undefined)
      return closed?.code
    },
    isClosed: () => closed !== undefined,
    close: async () => {
      socket.close()
      await eventually(() => closed !== undefined)
    },
  }
}
