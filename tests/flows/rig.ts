import { afterAll, beforeAll, describe, expect } from 'bun:test'
import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import postgres from 'postgres'
import { ownPostgres } from '../support/databases.ts'
import { killLeftovers, ownDirectory, type Server, startServer } from '../support/processes.ts'

/** What a flow asks for: a server process over a database, and the origin that its client is given. */
export interface FlowServer {
  origin(): string
  /** Ends it and starts it again on the same data with a clock that is ahead: what a client meets that comes back later. */
  restartLater(ms: number): Promise<void>
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

const SKEWED_CLOCK = join(import.meta.dir, '../support/skewed-clock.ts')
/** What a start and an end may take on a busy machine, in milliseconds. */
const START_MS = 90_000
/** Instead of a key file in the working directory. */
const KEYS = `flows:${Buffer.alloc(32, 'flows').toString('base64')}`

/**
 * The flows of a client against a server process of the suite's own, on SQLite always and on Postgres with `TEST_DATABASE_URL`. No flow
 * imports anything of `src`: whatever it knows of the server stands in the contract.
 */
export const onEachServer = (name: string, env: () => Sent, flows: (server: FlowServer) => void): void => {
  interface Data {
    env: Sent
    /** Puts the clock that the server goes by ahead, from its next start on. */
    putAhead(ms: number): Promise<Sent>
    remove(): unknown
  }
  const suite = (label: string, open: () => Promise<Data>) =>
    describe(`${name} [${label}]`, () => {
      let server: Server
      let data: Data
      const start = async (more: Sent = {}) => {
        server = await startServer('', { ENCRYPTION_KEYS: KEYS, ...data.env, ...env(), ...more })
      }
      /** A server that a flow has left in disorder does not end well, or has written errors. */
      const end = async () => {
        server.child.kill('SIGTERM')
        expect([await server.child.exited, server.log.filter(({ level }) => level === 'error')]).toEqual([0, []])
      }
      beforeAll(async () => {
        data = await open()
        await start()
      }, START_MS)
      afterAll(async () => {
        try {
          await end()
        } finally {
          await killLeftovers()
          await data.remove()
        }
      }, START_MS)
      flows({
        origin: () => server.origin,
        restartLater: async (ms) => {
          await end()
          await start(await data.putAhead(ms))
        },
      })
    })
  // `bun run test` has run these halves; see scripts/test-services.ts.
  if (process.env.TEST_WORLD !== 'services')
    suite('sqlite', async () => {
      const directory = ownDirectory()
      return {
        env: { DATABASE_URL: `sqlite:${directory.database}` },
        putAhead: async (ms) => ({ CLOCK_AHEAD_MS: String(ms), BUN_OPTIONS: `--preload=${SKEWED_CLOCK}` }),
        remove: directory.remove,
      }
    })
  if (!process.env.TEST_DATABASE_URL) {
    console.warn(`skipped: ${name} [postgres] (TEST_DATABASE_URL is not set)`)
    return
  }
  suite('postgres', async () => {
    const { url, drop } = await ownPostgres({ isMigrated: true })
    return {
      env: { DATABASE_URL: url },
      // Processes go by the clock of their Postgres, so this database gets a clock of its own.
      async putAhead(ms) {
        const sql = postgres(url, { max: 1 })
        await sql.unsafe(`create schema later;
          create function later.clock_timestamp() returns timestamptz volatile language sql
            as $$ select pg_catalog.clock_timestamp() + interval '${ms} ms' $$;
          alter database ${new URL(url).pathname.slice(1)} set search_path = public, later, pg_catalog`)
        await sql.end()
        return {}
      },
      remove: drop,
    }
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
      yield Object.fromEntries(
        lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trimStart()]),
      )
    }
  }
}

/** gifty §1.1: what a development server takes. */
export const TOKEN = { 'x-internal-token': 'dev-internal-token' }

/** gifty §2.1: every field of a ParsingSource that was just made. */
export const NEW_SOURCE = {
  ...{ id: INT, type: 'list', site_key: TEXT, strategy: 'deep', priority: 70, refresh_interval_hours: 12, schedule: null },
  ...{ overlap: 'skip', is_active: true, status: 'waiting', last_synced_at: null, next_sync_at: TIME, created_at: TIME },
  ...{ updated_at: TIME, config: { currency: 'RUB', note: 'spring' }, total_items: 0, last_run_new: 0, history: null },
}
/** gifty §2.1: every field of a Run, as one that ended well with nothing in it. */
export const RUN = {
  ...{ id: INT, source_id: INT, task_id: UUID, date: TIME, started_at: TIME, finished_at: TIME, duration_seconds: INT },
  ...{ status: 'completed', strategy: 'deep', trigger: 'schedule', items_scraped: 0, items_new: 0, items_updated: 0 },
  ...{ categories_found: 0, items_rejected: 0, pages_failed: 0, outcome: 'completed', error: null },
}
/** gifty §3: the answer to a batch of which everything was new and good. */
export const STORED = {
  ...{ status: 'ok', items_ingested: 0, items_updated: 0, items_unchanged: 0, items_duplicate: 0, categories_ingested: 0 },
  ...{ run_id: null as number | null, rejected: [] as unknown[] },
}
