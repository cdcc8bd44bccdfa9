import { openClientSocket } from '../support/client-socket.ts'

export interface Frame {
  type: string
  id: string | number | null
  data: any
}

/** A worker's socket as a foreign client would write it: frames in, frames out, in order. */
export const openSocket = async (origin: string, headers: Record<string, string>) => {
  const client = await openClientSocket<Frame>(`${origin.replace('http', 'ws')}/internal/workers/connect`, { headers })
  const { socket, next } = client
  let sent = 0
  return {
    ...client,
    /** Sends a frame and waits for its answer, whatever comes in between. */
    ask: async (type: string, data: unknown = {}, id: string | number = `m${++sent}`): Promise<Frame> => {
      socket.send(JSON.stringify({ type, id, data }))
      return next((frame) => frame.id === id && (frame.type === 'reply' || frame.type === 'error'))
    },
    /** The next pushed task. */
    task: async () => (await next((frame) => frame.type === 'task')).data,
  }
}
export type WorkerSocket = Awaited<ReturnType<typeof openSocket>>
