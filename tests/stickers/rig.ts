import { expect } from 'bun:test'
import { sql } from 'drizzle-orm'
import type { Db } from '../../src/platform/db/index.ts'
import { createLog } from '../../src/platform/log.ts'
import { type Answer, createTestApp, type TestAppOptions } from '../support/app.ts'
import { type BotApiDouble, startBotApi, TOKEN } from '../support/bot-api-double.ts'
import type { TestDatabase } from '../support/databases.ts'
import { happensWithin, turns } from '../support/eventually.ts'
import { fakeClock } from '../support/fake-clock.ts'

export const BASE = '/internal/stickersets'
export const SERVICE = { 'x-service-token': 'dev-service-token' }
export const RUSSIAN = { ...SERVICE, 'x-language': 'ru' }

/** The app with the family's calls made short. Paths are relative to the family's prefix. */
export const rigOver = async (db: Db, options: TestAppOptions) => {
  const lines: string[] = []
  const clock = options.clock ?? fakeClock()
  const log = createLog({ level: 'debug', now: clock.now, write: (line) => lines.push(line) })
  const app = await createTestApp(db, { log, ...options, clock })
  const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
    app.call(method, `${BASE}${path}`, body, { ...SERVICE, ...headers })
  /** The body of an answer with the status it has to have. */
  const must = async (status: number, method: string, path: string, body?: unknown): Promise<any> => {
    const answer = await send(method, path, body)
    if (answer.status !== status) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  const rows = <Row = any>(query: string): Promise<Row[]> => db.sql<Row>(sql.raw(query))
  const run = async (statement: string): Promise<void> => {
    await rows(`${statement}${/^\s*(?:update|insert|delete)/i.test(statement) ? ' returning 1 as done' : ''}`)
  }
  return {
    ...app,
    db,
    clock,
    lines,
    send,
    must,
    rows,
    run,
    create: (name: string, more: Record<string, unknown> = {}, query = 'userId=1') =>
      must(201, 'POST', `?${query}`, { name, ...more }),
    read: (id: number, query = '?shortInfo=true') => must(200, 'GET', `/${id}${query}`),
    count: async (table: string, where = '1 = 1') =>
      Number((await rows(`select count(*) as n from ${table} where ${where}`))[0].n),
    balance: async (userId: number) => {
      const [row] = await rows(`select art_balance as balance from sticker_profiles where user_id = ${userId}`)
      return row === undefined ? undefined : Number(row.balance)
    },
    block: (id: number, reason: string | null = null) =>
      run(
        `update stickersets set state = 'BLOCKED', block_reason = ${reason === null ? 'null' : `'${reason}'`} where id = ${id}`,
      ),
    flush: () => app.stickers?.telegram.flush(),
  }
}
export type Rig = Awaited<ReturnType<typeof rigOver>>

/** The app over an empty database, Telegram in the sandbox. */
export const makeRig = async (database: TestDatabase, options: TestAppOptions = {}): Promise<Rig> =>
  rigOver(await database.fresh(), options)

const liveEnv = (double: BotApiDouble) => ({ TELEGRAM_BOT_TOKEN: TOKEN, TELEGRAM_BOT_API_URL: `${double.url}/` })
/** The app against a Bot API double of its own. */
export const makeLiveRig = async (database: TestDatabase, options: TestAppOptions = {}) => {
  const double = startBotApi()
  const app = await rigOver(await database.fresh(), { ...options, env: { ...liveEnv(double), ...options.env } })
  const done = async () => {
    await double.down()
    // Late writes of this test must not land in the next one's database.
    await app.flush()
  }
  return { app, double, done }
}
/** The same process started anew: other memory, the same rows, clock and Telegram. */
export const restart = (app: Rig, double: BotApiDouble): Promise<Rig> =>
  rigOver(app.db, { clock: app.clock, env: liveEnv(double) })

/** Processes on one database with a clock in common: own connections on Postgres. */
export const makeProcesses = async (database: TestDatabase, count: number): Promise<Rig[]> => {
  const clock = fakeClock()
  const rigs = [await rigOver(await database.fresh(), { clock })]
  while (rigs.length < count) rigs.push(await rigOver(await database.second(), { clock }))
  return rigs
}

/** Code, field and message of the problems of a 400. */
export const problems = (answer: Answer): [string, string][] => {
  expect(answer.status).toBe(400)
  expect(answer.body).toMatchObject({ error: 'Validation error', message: answer.body.details[0].message })
  expect(answer.body.requestId).toBe(answer.headers.get('x-request-id'))
  return answer.body.details.map(({ field, code }: any) => [field, code])
}
export const info = (answer: Answer) => answer.headers.get('x-telegram-info')
export const statuses = (answers: Answer[]) => {
  const counts: Record<number, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

const STEP_MS = 100
const LIMIT_MS = 20_000
/**
 * Awaits an answer while the clock is advanced for sleepers. Each step leaves real answers of Telegram the time to come first; where
 * `isSilent` says that there will be none, a step takes no more than a few turns.
 */
export const whileTimePasses = async <T>(app: Rig, work: Promise<T>, { isSilent = false } = {}): Promise<T> => {
  let over = false
  const watched = work.finally(() => {
    over = true
  })
  for (const started = app.clock.now(); !over && app.clock.now() - started < LIMIT_MS; ) {
    if (isSilent) await turns(10)
    else await happensWithin(10, () => over)
    if (!over && app.clock.sleeping() > 0) app.clock.advance(STEP_MS)
  }
  return watched
}
