import { Database } from 'bun:sqlite'
import { afterAll, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ownPostgres } from '../support/databases.ts'
import { START } from '../support/fake-clock.ts'
import { killLeftovers, ownDirectory, startScript } from '../support/processes.ts'
import { RunsModel } from '../tasks/model-runs.ts'
import type { Rows } from '../tasks/model-runs-app.ts'
import { advanceOne, type Course, explain } from '../tasks/model-runs-check.ts'
import { advance, anyChoice, type Choice } from '../tasks/model-runs-choices.ts'
import type { Answer, Op } from '../tasks/model-runs-ops.ts'
import { seeded } from './ingesting.ts'
import type { Death } from './model-process.ts'
import { reportFault } from './report.ts'

const COMMANDS = 600
const KILLS = 25
/** Where kills come that are not left to chance. Most transactions have three to eight steps. */
const DEATHS: Death[] = [1, 2, 3, 4, 6, 'before commit', 'before commit', 'after commit', 'after commit', 'after commit']
const SEED = Number(process.env.TEST_SEED ?? 20_260_117)
const EPOCH = 'kill'
const NO_ROWS: Rows = { sources: [], runs: [], tasks: [], notes: [], totals: { products: 0, prices: 0, loose: 0 } }

/** The process that does the commands, and its next lives on the same database. */
const openVictim = async (url: string) => {
  let life = await begin(START)
  async function begin(now: number) {
    const { child, said } = startScript('tests/fault/model-process.ts', url, String(now), EPOCH)
    return { child, origin: (await said('listening')).url as string }
  }
  return {
    /** The answer, or undefined where the process ended before it arrived. */
    async perform(op: Op, at: number, dies?: Death): Promise<Answer | undefined> {
      // A connection ends with its process. Without a kill the test fails, because the answer is missing.
      const sent = await fetch(life.origin, { method: 'POST', body: JSON.stringify({ op, at, dies }) }).catch(() => undefined)
      return sent?.json().catch(() => undefined) as Promise<Answer | undefined>
    },
    rows: async (): Promise<Rows> => (await (await fetch(life.origin)).json()) as Rows,
    kill: () => life.child.kill('SIGKILL'),
    async restart(now: number) {
      await life.child.exited
      life = await begin(now)
    },
    async end() {
      life.child.kill('SIGKILL')
      await life.child.exited
    },
  }
}

const killAmongCommands = async (url: string, database: string) => {
  const random = seeded(SEED)
  const victim = await openVictim(url)
  const course: Course = { model: new RunsModel(), epoch: EPOCH, base: NO_ROWS.totals, last: NO_ROWS }
  const given = fc.sample<Choice | number>(fc.oneof({ arbitrary: anyChoice, weight: 6 }, { arbitrary: advance, weight: 1 }), {
    seed: SEED,
    numRuns: COMMANDS * 3,
  })
  const begun = performance.now()
  const fates = { answered: 0, happened: 0, not: 0 }
  let executed = 0
  let kills = 0
  /** How long a command takes, ms: a kill comes within about the time of those that are on their way. */
  let usual = 2
  let now = START
  /** The next commands, resolved with what is known now; time advances before them. */
  const next = (count: number): Op[] => {
    const ops: Op[] = []
    while (ops.length < count) {
      const choice = given.pop()
      if (choice === undefined) break
      if (typeof choice === 'number') {
        if (ops.length === 0) now += choice
        continue
      }
      course.model.now = now
      const op = choice.resolve(course.model, EPOCH)
      // The rows do not show which of two leases has taken a task.
      if (op && !(op.op === 'lease' && ops.some((other) => other.op === 'lease'))) ops.push(op)
    }
    return ops
  }
  while (executed < COMMANDS) {
    const isKilled = random() < KILLS / (COMMANDS - KILLS)
    // Some kills come at a named place of a command's transactions, the others while three commands are on their way.
    const dies = isKilled && random() < 0.6 ? DEATHS[Math.floor(random() * DEATHS.length)] : undefined
    const ops = next(isKilled && dies === undefined ? 3 : 1)
    if (ops.length === 0) throw new Error('there are no more choices')
    executed += ops.length
    const sentAt = performance.now()
    const answering = ops.map((op) => victim.perform(op, now, dies))
    if (isKilled) {
      kills++
      // The moment of the kill is what is random here.
      if (dies === undefined) await Bun.sleep(random() * ops.length * usual)
      // One with fewer steps has been answered: the process dies after it.
      else await Promise.all(answering)
      victim.kill()
    }
    const answers = await Promise.all(answering)
    if (isKilled) await victim.restart(now)
    else usual += (performance.now() - sentAt - usual) / 10
    const rows = await victim.rows()
    const done = ops.map((op, n) => ({ op, answer: answers[n] }))
    if (!isKilled) {
      expect(answers).toEqual([expect.any(Object)])
      advanceOne(course, done[0] as (typeof done)[0], rows)
      continue
    }
    const unanswered = answers.filter((answer) => !answer).length
    const { happened } = explain(course, done, rows)
    fates.answered += ops.length - unanswered
    fates.happened += happened
    fates.not += unanswered - happened
  }
  await victim.end()
  console.log(
    `model-kill.test.ts [${database}]: ${executed} commands, ${kills} kills, TEST_SEED=${SEED}: of the commands on their way ${fates.answered} were answered, ${fates.happened} had happened unanswered, ${fates.not} had changed nothing, ${((performance.now() - begun) / 1000).toFixed(1)} s`,
  )
  // A command that was answered and is not in the rows, or is there twice, has failed the comparison before.
  const acknowledged = executed - fates.happened - fates.not
  reportFault({ test: `kill -9 among commands on ${database}`, faults: `${kills} kills`, acknowledged, lost: 0, duplicated: 0 })
  expect(kills).toBeGreaterThan(KILLS / 2)
  // Kills that always came after an answer would prove nothing.
  expect(fates.happened + fates.not).toBeGreaterThan(0)
}

describe(`kill -9 at about ${KILLS} random moments among ${COMMANDS} commands: each has happened as the model says, or not at all`, () => {
  const directory = ownDirectory()
  afterAll(async () => {
    await killLeftovers()
    directory.remove()
  })
  test('on SQLite', async () => {
    await killAmongCommands(`sqlite:${directory.database}`, 'sqlite')
    const db = new Database(directory.database)
    expect(db.query('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
    db.close()
  }, 300_000)

  const hasPostgres = Boolean(process.env.TEST_DATABASE_URL)
  if (!hasPostgres) console.warn('skipped: kill -9 among commands on Postgres (TEST_DATABASE_URL is not set)')
  test.skipIf(!hasPostgres)(
    'on Postgres',
    async () => {
      const own = await ownPostgres()
      try {
        await killAmongCommands(own.url, 'postgres')
      } finally {
        await killLeftovers()
        await own.drop()
      }
    },
    240_000,
  )
})
