import { afterAll, afterEach } from 'bun:test'
import { sql } from 'drizzle-orm'
import { openClientSocket } from '../support/client-socket.ts'
import type { TestDatabase } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { AUTH, BASE, makeRig, type Rig } from './rig.ts'

export interface Frame {
  type: string
  data?: any
  seq?: number
  [key: string]: any
}

/** Sockets of the running test. */
const opened: { close(): Promise<void> }[] = []

/** A client's socket: frames in, frames out, in order. */
export const openSocket = async (
  origin: string,
  to = '/connect',
  { headers = AUTH, protocols }: { headers?: Record<string, string>; protocols?: string[] } = {},
) => {
  const client = await openClientSocket<Frame>(`${origin.replace('http', 'ws')}${BASE}${to}`, {
    headers,
    ...(protocols ? { protocols } : {}),
  })
  opened.push(client)
  const { socket, next } = client
  let asked = 0
  const first = await next((frame) => frame.type === 'connection_ready')
  return {
    ...client,
    first,
    /** The next event of a type. */
    event: (type: string) => next((frame) => frame.type === type && frame.seq !== undefined),
    say: (type: string, data: unknown = {}, id?: string) => socket.send(JSON.stringify({ type, id, data })),
    /** Says something and waits for the answer to it. */
    ask: async (type: string, data: unknown = {}): Promise<Frame> => {
      const id = `q${++asked}`
      socket.send(JSON.stringify({ type, id, data }))
      return next((frame) => frame.data?.refId === id)
    },
  }
}
export type Socket = Awaited<ReturnType<typeof openSocket>>

/** Lets apps of a file's tests listen; they stop after the test. */
export const listenUntilTheEnd = () => {
  const running: Rig[] = []
  afterEach(async () => {
    for (const app of running.splice(0)) await app.stop()
  })
  return {
    /** Its origin. */
    listening: (app: Rig): string => {
      running.push(app)
      return app.listen()
    },
    /** Stops one before the end of its test. */
    stop: (app: Rig): Promise<void> => {
      running.splice(running.indexOf(app), 1)
      return app.stop()
    },
  }
}

/** What tests of streams leave behind, children first. */
const LEFT = [
  ...['task_areas', 'area_authorizations', 'areas', 'timeline', 'receipts', 'audit', 'events', 'connections'].map(
    (name) => `crawler_${name}`,
  ),
  ...['crawler_tasks', 'crawler_former_tokens', 'crawler_accounts', 'tasks', 'telegram_subscribers'],
]

/**
 * One listening app for the tests of a `describe` that need no configuration of their own: starting one takes longer than most of them. After
 * each test its sockets are closed and its rows deleted; numbers of events and the clock go on.
 */
export const oneApp = (database: TestDatabase): (() => Promise<{ app: Rig; origin: string }>) => {
  let running: Promise<{ app: Rig; origin: string }> | undefined
  const start = async () => {
    const app = await makeRig(database)
    return { app, origin: app.listen() }
  }
  afterEach(async () => {
    const sockets = opened.splice(0)
    if (!running) return
    const { app } = await running
    for (const socket of sockets) await socket.close()
    await leftWith(app, 0)
    for (const table of LEFT) await app.db.sql(sql.raw(`delete from ${table}`))
  })
  afterAll(async () => {
    await (await running)?.app.stop()
  })
  return () => {
    running ??= start()
    return running
  }
}

const processed = (frames: { data?: any }[]) => frames.map((frame) => frame.data.progress.processed)
/** On Postgres events of this process too come by way of the table, looked at every 50 ms of the clock or after a commit. */
export const progressOf = async (socket: Socket, count: number): Promise<number[]> => {
  const seen: number[] = []
  for (let n = 0; n < count; n++) seen.push(...processed([await socket.event('progress')]))
  return seen
}

/** Waits until the server has noticed that `count` sockets are left. */
export const leftWith = (app: Rig, count: number) => eventually(() => app.crawler.streams.count() === count)

/** A reader of server-sent events. */
export const openEvents = async (origin: string, to: string, headers: Record<string, string> = {}) => {
  const gone = new AbortController()
  const response = await fetch(`${origin}${BASE}${to}`, { headers: { ...AUTH, ...headers }, signal: gone.signal })
  const events: { id?: number; event?: string; data?: any }[] = []
  const comments: string[] = []
  let ended = false
  if (response.status === 200)
    void (async () => {
      let rest = ''
      try {
        for await (const chunk of response.body!.pipeThrough(new TextDecoderStream() as any) as any) {
          const blocks = (rest + chunk).split('\n\n')
          rest = blocks.pop() as string
          for (const block of blocks) {
            const parsed: Record<string, any> = {}
            for (const line of block.split('\n')) {
              const split = line.indexOf(':')
              if (split === 0) comments.push(line)
              else parsed[line.slice(0, split)] = line.slice(split + 1).trimStart()
            }
            if (parsed.event)
              events.push({
                event: parsed.event,
                ...(parsed.id ? { id: Number(parsed.id) } : {}),
                data: JSON.parse(parsed.data),
              })
          }
        }
      } catch {
        // Aborted by the test.
      }
      ended = true
    })()
  return {
    response,
    events,
    comments,
    next: async (type: string) => {
      const isOne = ({ event }: { event?: string }) => event === type
      await eventually(
        () => events,
        (all) => all.some(isOne),
      )
      return events.splice(events.findIndex(isOne), 1)[0]!
    },
    ended: () => eventually(() => ended),
    close: () => gone.abort(),
  }
}
