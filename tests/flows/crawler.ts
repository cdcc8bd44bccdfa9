import { openClientSocket } from '../support/client-socket.ts'
import { clientOf, type FlowServer, MILLIS, TEXT } from './rig.ts'

const BEARER = { authorization: 'Bearer dev-crawler-token' }
export const BASE = '/api/internal2'

/** What the GitLab of this flow was asked for at its token endpoint. */
export const asked: Record<string, string>[] = []
const gitlab = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request) {
    if (new URL(request.url).pathname !== '/oauth/token') return new Response('', { status: 404 })
    const form: Record<string, string> = Object.fromEntries(new URLSearchParams(await request.text()))
    asked.push(form)
    if (form.refresh_token === 'spent') return Response.json({ error: 'invalid_grant' }, { status: 400 })
    return Response.json({
      access_token: `after-${form.refresh_token}`,
      refresh_token: 'next',
      token_type: 'Bearer',
      expires_in: 7200,
    })
  },
})
export const ENDPOINT = `http://127.0.0.1:${gitlab.port}/api/v4`
export const env = () => ({ FAMILIES: 'crawler', OUTBOUND_ALLOW: `127.0.0.1:${gitlab.port}` })

interface Frame {
  type: string
  seq?: number
  data?: any
  [key: string]: any
}
export const OAUTH = { accessToken: 'first-access', refreshToken: 'first-refresh', clientId: 'app', clientSecret: 'app-secret' }
/** gitlab-crawler §6: a task as the client makes it. */
export const taskOf = (id: string | number, more: Record<string, unknown> = {}) => ({
  ...{ id, type: 'FETCH_ISSUES', apiEndpoint: ENDPOINT, credentials: OAUTH, priority: 'normal' },
  options: { resourceId: 'team/app', resourceType: 'project', branch: null, pagination: { pageSize: 50 } },
  ...more,
})
/** gitlab-crawler §6: a Task that was just made. */
export const fresh = (id: string) => ({
  ...{ id, type: 'FETCH_ISSUES', status: 'queued', createdAt: MILLIS, updatedAt: MILLIS },
  progress: { processed: 0, total: null, percentage: null, currentStep: 'Task created' },
})
/** gitlab-crawler §3: a refusal. */
export const refused = (
  status: number,
  code: string,
  more: Record<string, unknown> = {},
  details: Record<string, unknown> = {},
) => ({
  ...{ error: TEXT, status, timestamp: MILLIS, code, retryable: false, details: { requestId: 'req-of-mine', ...details } },
  ...more,
})

/** A client of the server, with the service's token and a request id of its own. */
export const crawlerClient = (server: FlowServer) =>
  clientOf(`${server.origin()}${BASE}`, { ...BEARER, 'x-request-id': 'req-of-mine' })

/** gitlab-crawler §13: a socket of the client, open and greeted. */
export const socketTo = async (server: FlowServer, to: string) => {
  const url = `${server.origin().replace('http', 'ws')}${BASE}${to}`
  const client = await openClientSocket<Frame>(url, { headers: BEARER, protocols: ['gitlab-crawler-v1'] })
  let sent = 0
  return {
    ...client,
    first: await client.next(({ type }) => type === 'connection_ready'),
    /** The next event of a type, replies apart. */
    event: (type: string, fits: (data: any) => boolean = () => true) =>
      client.next((frame) => frame.type === type && frame.seq !== undefined && fits(frame.data)),
    /** Sends a frame and waits for the reply to it. */
    ask: (type: string, data: unknown = {}): Promise<Frame> => {
      const id = `q${++sent}`
      client.socket.send(JSON.stringify({ type, id, data }))
      return client.next((frame) => frame.data?.refId === id)
    },
  }
}
