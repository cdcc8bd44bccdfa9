import { sql } from 'drizzle-orm'
import { FAMILIES } from '../../src/config.ts'
import type { Db } from '../../src/platform/db/index.ts'
import { createLog } from '../../src/platform/log.ts'
import { type Answer, createTestApp, type TestAppOptions } from './app.ts'
import type { TestDatabase } from './databases.ts'
import { fakeClock } from './fake-clock.ts'

/** `FAMILIES` of a test about what the families do beside each other. */
export const EVERY_FAMILY = { FAMILIES: FAMILIES.join() }

/** What the suites of one family have in common. */
export interface FamilySetup {
  /** The family to mount, as in `FAMILIES`. An app of all four takes ten times as long to build; `env` of a test may mount more. */
  families: string
  /** Before every path of `send`, `must` and `ok`. */
  prefix?: string
  /** The credentials that a request has unless it brings headers of its own. */
  headers: Record<string, string>
  env?: Record<string, string>
  /** Where the clock stands at first, if not at `START`. */
  startsAt?: number
}

/** The family's app over a database, with a clock that stands still and a log that is kept. */
const openFamily = async (
  db: Db,
  { families, prefix = '', headers: own, env, startsAt }: FamilySetup,
  options: TestAppOptions,
) => {
  const clock = options.clock ?? fakeClock(startsAt)
  const lines: string[] = []
  const log = options.log ?? createLog({ level: 'debug', now: clock.now, write: (line) => lines.push(line) })
  const app = await createTestApp(db, { ...options, clock, log, env: { FAMILIES: families, ...env, ...options.env } })
  const send = (method: string, path: string, body?: unknown, headers = own): Promise<Answer> =>
    app.call(method, `${prefix}${path}`, body, headers)
  const bodyOf = async (isRight: (status: number) => boolean, method: string, path: string, body: unknown, headers = own) => {
    const answer = await send(method, path, body, headers)
    if (!isRight(answer.status)) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body as any
  }
  const query = <Row = any>(text: string): Promise<Row[]> => db.sql<Row>(sql.raw(text))
  return {
    ...app,
    db,
    clock,
    send,
    /** The body of an answer that has to have this status. */
    must: (status: number, method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<any> =>
      bodyOf((of) => of === status, method, path, body, headers),
    /** The body of an answer that has to be a success. */
    ok: (method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<any> =>
      bodyOf((of) => of >= 200 && of < 300, method, path, body, headers),
    query,
    /** How many rows a table has. */
    count: async (table: string, where?: string): Promise<number> =>
      Number((await query(`select count(*) as n from ${table}${where === undefined ? '' : ` where ${where}`}`))[0].n),
    /** Lines of the log so far, each JSON. Empty with a log of the test's own. */
    lines,
    /** What the app has logged as an error. */
    errors: (): any[] => lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 'error'),
  }
}
export type FamilyApp = Awaited<ReturnType<typeof openFamily>>

/**
 * The one harness of all suites that drive an app: a family says how it is mounted and called, and adds its verbs. What the verbs
 * return takes the place of the harness's own.
 */
export const familyHarness = <Verbs extends object>(setup: FamilySetup, verbs: (app: FamilyApp) => Verbs) => {
  type Rig = Omit<FamilyApp, keyof Verbs> & Verbs
  /** The app over a database as it is. */
  const rigOver = async (db: Db, options: TestAppOptions = {}): Promise<Rig> => {
    const app = await openFamily(db, setup, options)
    return { ...app, ...verbs(app) }
  }
  return {
    rigOver,
    /** The app over an empty database. */
    makeRig: async (database: TestDatabase, options: TestAppOptions = {}): Promise<Rig> =>
      rigOver(await database.fresh(), options),
    /** `count` processes on one empty database, with a clock in common: own connections on Postgres, the one connection on SQLite. */
    makeProcesses: async (database: TestDatabase, count: number, options: TestAppOptions = {}): Promise<[Rig, Rig, ...Rig[]]> => {
      const shared = { clock: fakeClock(setup.startsAt), ...options }
      const rigs = [await rigOver(await database.fresh(), shared)]
      while (rigs.length < count) rigs.push(await rigOver(await database.second(), shared))
      // Two are asked for, or more.
      return rigs as [Rig, Rig, ...Rig[]]
    },
    /** A process that starts on what another one has left: other memory, the same rows and clock. */
    restarted: ({ db, clock }: Pick<FamilyApp, 'db' | 'clock'>, options: TestAppOptions = {}): Promise<Rig> =>
      rigOver(db, { clock, ...options }),
  }
}

/** Status and code of a refusal, wherever the family's envelope has the code. */
export const statusAndCode = ({ status, body }: { status: number; body: any }): any[] => [status, body?.error?.code ?? body?.code]
