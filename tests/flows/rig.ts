import { afterAll, beforeAll, describe, expect } from 'bun:test'
import { createHmac } from 'node:crypto'
import { ownPostgres } from '../support/databases.ts'
import { ownDirectory, type Server, startServer } from '../support/processes.ts'

/** What a flow asks for: a server process over a database, and the origin that its client is given. */
export interface FlowServer {
  origin(): string
}
export interface Reply {
  status: number
  headers: Headers
  /** Parsed JSON, or the text where it is none. */
  body: any
  /** The body as it came. */
  text: string
}
type Sent = Record<string, string>

/** Instead of a key file in the working directory. */
const KEYS = `flows:${Buffer.alloc(32, 'flows').toString('base64')}`

/**
 * The flows of a client against a server process of the suite's own, on SQLite always and on Postgres with `TEST_DATABASE_URL`. No flow
 * imports anything of `src`: whatever it knows of the server stands in the contract.
 */
export const onEachServer = (name: string, env: () => Sent, flows: (server: FlowServer) => void): void => {
  const suite = (label: string, open: () => Promise<{ database: Sent; remove(): unknown }>) =>
    describe(`${name} [${label}]`, () => {
      let server: Server
      let remove: () => unknown
      beforeAll(async () => {
        const opened = await open()
        remove = opened.remove
        server = await startServer('', { ENCRYPTION_KEYS: KEYS, ...opened.database, ...env() })
      })
      afterAll(async () => {
        server.child.kill('SIGTERM')
        // A server that a flow has left in disorder does not end well, or writes errors.
        expect(await server.child.exited).toBe(0)
        await remove()
        expect(server.log.filter(({ level }) => level === 'error')).toEqual([])
      })
      flows({ origin: () => server.origin })
    })
  // `bun run test` has run these halves; see scripts/test-services.ts.
  if (process.env.TEST_WORLD !== 'services')
    suite('sqlite', async () => {
      const directory = ownDirectory()
      return { database: { DATABASE_URL: `sqlite:${directory.database}` }, remove: directory.remove }
    })
  if (!process.env.TEST_DATABASE_URL) return console.warn(`skipped: ${name} [postgres] (TEST_DATABASE_URL is not set)`)
  suite('postgres', async () => {
    const { url, drop } = await ownPostgres({ isMigrated: true })
    return { database: { DATABASE_URL: url }, remove: drop }
  })
}

/** An HTTP client with headers of its own. A body that is a string, bytes or a form is sent as it is, another one as JSON. */
export const clientOf = (base: string, own: Sent = {}) => {
  const send = async (method: string, path: string, body?: unknown, headers: Sent = {}): Promise<Reply> => {
    const isRaw = typeof body === 'string' || body instanceof URLSearchParams || body instanceof Uint8Array
    const json: Sent = body === undefined || body instanceof URLSearchParams ? {} : { 'content-type': 'application/json' }
    const response = await fetch(`${base}${path}`, {
      method,
      headers: { ...json, ...own, ...headers },
      body: (isRaw || body === undefined ? body : JSON.stringify(body)) as RequestInit['body'],
      redirect: 'manual',
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json')
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text, text }
  }
  /** The body of an answer that has to have this status. @throws with the answer when it has another */
  const must = async (status: number, method: string, path: string, body?: unknown, headers?: Sent): Promise<any> => {
    const reply = await send(method, path, body, headers)
    if (reply.status !== status) throw new Error(`${method} ${path}: ${reply.status} ${reply.text}`)
    return reply.body
  }
  return { send, must, ok: (method: string, path: string, body?: unknown) => must(200, method, path, body) }
}
export type FlowClient = ReturnType<typeof clientOf>

/** RFC 3339 in UTC with `Z`. */
export const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/)
/** The same with exactly three fraction digits. */
export const MILLIS = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
export const UUID = expect.stringMatching(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
export const INT = expect.any(Number)
export const TEXT = expect.any(String)

/** The `initData` that Telegram gives a mini app of this bot, for a person who opens it now. */
export const initDataOf = (botToken: string, user: Record<string, unknown>): string => {
  const pairs: [string, string][] = [
    ['query_id', 'AAF0'],
    ['user', JSON.stringify(user)],
    ['auth_date', String(Math.floor(Date.now() / 1000))],
    ['start_param', ''],
    ['signature', 'abc_-'],
  ]
  const secret = createHmac('sha256', 'WebAppData').update(botToken).digest()
  const lines = pairs.map((pair) => pair.join('=')).sort()
  const hash = createHmac('sha256', secret).update(lines.join('\n')).digest('hex')
  return new URLSearchParams([...pairs, ['hash', hash]]).toString()
}

/** Events of a `text/event-stream`, block by block as they come; ends when the server closes it. */
export async function* eventsOf(response: Response): AsyncGenerator<Record<string, string>> {
  let rest = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream() as any) as unknown as AsyncIterable<string>) {
    const blocks = (rest + chunk).split('\n\n')
    rest = blocks.pop() as string
    for (const block of blocks) {
      const lines = block.split('\n').filter((line) => !line.startsWith(':'))
      if (lines.length === 0) continue
      yield Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trimStart()]))
    }
  }
}
