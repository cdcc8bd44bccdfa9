import type { Said } from './crawler-api-double.ts'

export interface ApiSocket {
  send(frame: object): void
  workerId: string
  close(): void
  /** Aborts when the other side is gone. */
  gone: AbortController
}
export interface ServeOptions {
  token: string
  sockets: Set<ApiSocket>
  handle(request: Request): Promise<Response>
  call(path: string, body: any, caller?: AbortSignal): Promise<Said>
}

/** The double on a port: HTTP as it is, and frames in the words of gitlab-crawler §13. */
export const serveCrawlerApi = ({ token, sockets, handle, call }: ServeOptions) => {
  let seq = 0
  const frame = async (socket: ApiSocket, { type, id, data }: any) => {
    const path =
      type === 'task_request'
        ? '/tasks/lease'
        : type === 'heartbeat'
          ? '/heartbeat'
          : `/tasks/${encodeURIComponent(data.taskId)}/${type === 'token_refresh_request' ? 'credentials/refresh' : 'progress'}`
    const said = await call(path, { ...data, ...(path.endsWith('/progress') ? { type } : {}) }, socket.gone.signal)
    if (said.status !== 200)
      return socket.send({ type: 'error', data: { refId: id, code: said.code, status: said.status, message: said.code } })
    if (type === 'task_request') {
      for (const task of said.data) socket.send({ type: 'task_assignment', data: task, seq: ++seq })
      return socket.send({ type: 'ack', data: { refId: id, count: said.data.length } })
    }
    if (type === 'heartbeat') return socket.send({ type: 'heartbeat_response', data: { refId: id, ...said.data } })
    if (type === 'token_refresh_request')
      return socket.send({ type: 'token_refresh_response', data: { refId: id, ...said.data } })
    socket.send({ type: 'ack', data: { refId: id, taskId: data.taskId, result: said.data } })
  }

  const server = Bun.serve<{ workerId: string; self?: any }>({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 60,
    async fetch(request, self) {
      if (request.headers.get('upgrade') !== 'websocket') return handle(request)
      if (request.headers.get('authorization') !== `Bearer ${token}`) return new Response('{}', { status: 401 })
      const workerId = new URL(request.url).searchParams.get('connectionId') ?? ''
      if (self.upgrade(request, { data: { workerId } })) return undefined as never
      return new Response('{}', { status: 400 })
    },
    websocket: {
      open(ws) {
        ws.data.self = {
          send: (frame: object) => ws.send(JSON.stringify(frame)),
          workerId: ws.data.workerId,
          close: () => ws.close(),
          gone: new AbortController(),
        }
        sockets.add(ws.data.self)
        ws.data.self.send({ type: 'connection_ready', status: 'connection_ready', connectionId: ws.data.workerId })
      },
      message: (ws, text) => void frame(ws.data.self, JSON.parse(String(text))),
      close(ws) {
        ws.data.self.gone.abort()
        sockets.delete(ws.data.self)
      },
    },
  })
  return { url: `http://127.0.0.1:${server.port}/api/internal2`, stop: () => server.stop(true) }
}
