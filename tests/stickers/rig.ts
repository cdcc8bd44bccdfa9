import { expect } from 'bun:test'
import type { Answer, TestAppOptions } from '../support/app.ts'
import { type BotApiDouble, startBotApi, TOKEN } from '../support/bot-api-double.ts'
import type { TestDatabase } from '../support/databases.ts'
import { happensWithin, turns } from '../support/eventually.ts'
import { familyHarness } from '../support/harness.ts'

export const BASE = '/internal/stickersets'
export const SERVICE = { 'x-service-token': 'dev-service-token' }
export const RUSSIAN = { ...SERVICE, 'x-language': 'ru' }

/** Paths are relative to the family's prefix. */
export const { rigOver, makeRig, makeProcesses } = familyHarness(
  { families: 'stickers', prefix: BASE, headers: SERVICE },
  ({ send, must, query, stickers }) => {
    const run = async (statement: string): Promise<void> => {
      await query(`${statement}${/^\s*(?:update|insert|delete)/i.test(statement) ? ' returning 1 as done' : ''}`)
    }
    return {
      /** With the service's token, and `headers` beside it. */
      send: (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
        send(method, path, body, { ...SERVICE, ...headers }),
      rows: query,
      run,
      create: (name: string, more: Record<string, unknown> = {}, search = 'userId=1') =>
        must(201, 'POST', `?${search}`, { name, ...more }),
      read: (id: number, search = '?shortInfo=true') => must(200, 'GET', `/${id}${search}`),
      balance: async (userId: number) => {
        const [row] = await query(`select art_balance as balance from sticker_profiles where user_id = ${userId}`)
        return row === undefined ? undefined : Number(row.balance)
      },
      block: (id: number, reason: string | null = null) =>
        run(
          `update stickersets set state = 'BLOCKED', block_reason = ${reason === null ? 'null' : `'${reason}'`} where id = ${id}`,
        ),
      flush: () => stickers?.telegram.flush(),
    }
  },
)
export type Rig = Awaited<ReturnType<typeof rigOver>>

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
