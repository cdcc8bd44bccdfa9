import { settled } from './rig.ts'

export interface Frame {
  type: string
  id: string | number | null
  data: any
}

/** A worker's socket as a foreign client would write it: frames in, frames out, in order. */
export const openSocket = async (origin: string, headers: Record<string, string>) => {
  const frames: Frame[] = []
  let closed: { code: number } | undefined
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/internal/workers/connect`, { headers } as never)
  socket.addEventListener('message', ({ data }) => frames.push(JSON.parse(String(data))))
  socket.addEventListener('close', ({ code }) => {
    closed = { code }
  })
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve())
    socket.addEventListener('error', () => reject(new Error('the socket did not open')))
  })
  let sent = 0
  const next = async (fits: (frame: Frame) => boolean): Promise<Frame> => {
    let at = -1
    const came = await settled(() => {
      at = frames.findIndex(fits)
      return at >= 0
    })
    if (!came) throw new Error(`the frame did not come; there are ${JSON.stringify(frames)}`)
    return frames.splice(at, 1)[0] as Frame
  }
  return {
    frames,
    next,
    raw: (text: string | Uint8Array) => socket.send(text as never),
    /** Sends a frame and waits for its answer, whatever comes in between. */
    ask: async (type: string, data: unknown = {}, id: string | number = `m${++sent}`): Promise<Frame> => {
      socket.send(JSON.stringify({ type, id, data }))
      return next((frame) => frame.id === id && (frame.type === 'reply' || frame.type === 'error'))
    },
    /** The next pushed task. */
    task: async () => (await next((frame) => frame.type === 'task')).data,
    isClosed: () => closed,
    close: async () => {
      socket.close()
      await settled(() => closed !== undefined)
    },
  }
}
export type WorkerSocket = Awaited<ReturnType<typeof openSocket>>
