import { expect } from 'bun:test'
import fc from 'fast-check'
import type { Db } from '../../src/platform/db/index.ts'
import { type Engine, isRefusal, type Task } from '../../src/tasks/index.ts'
import type { FakeClock } from '../support/fake-clock.ts'
import { MODEL_KINDS, type Model, type ModelTask } from './model.ts'

const KINDS = Object.keys(MODEL_KINDS)
const WORKERS = ['w0', 'w1', 'w2']
export const GROUPS = ['g1', 'g2', 'g3']

/** The engine under test, with what only an observer can know: every lease handed out and every completion's effect. */
export interface Real {
  db: Db
  engine: Engine
  /** All tasks in the order of their ids, read with a statement that is prepared once: the engine's own list is built anew for each call. */
  rows(): Promise<Task[]>
  clock: FakeClock
  handedOut: Set<string>
  effects: Map<string, number>
  before: Map<string, Task>
  /** Ids that the command just run has redriven: the only way out of a terminal state. */
  redriven: Set<string>
  executed: number
  /** Every how many commands the whole table is compared. */
  compareEvery: number
  count(command: string): void
}
type Command = fc.AsyncCommand<Model, Real>

const shownTask = (task: ModelTask) => ({
  id: task.id,
  state: task.state,
  attempts: task.attempts,
  fence: task.fence,
  owner: task.owner,
  leaseEnds: task.leaseEnds,
  runAfter: task.runAfter,
  lastEnd: task.lastEnd,
})
const shownRow = (row: Task) => ({
  id: row.id,
  state: row.state as string,
  attempts: row.attempts,
  fence: row.fence,
  owner: row.leaseOwner,
  leaseEnds: row.leaseExpiresAt?.getTime() ?? null,
  runAfter: row.runAfter.getTime(),
  lastEnd: row.lastEnd as string | null,
})

const FINISHED: string[] = ['completed', 'failed', 'cancelled', 'dead']
const isHeld = ({ state }: { state: string }) => state === 'leased' || state === 'cancelling'
/** Which invariants a row breaks that hold whatever the model says. */
const brokenBy = (row: Task, real: Real): string[] => {
  const before = real.before.get(row.id)
  const isDone = row.state === 'completed' && row.lastEnd === 'complete'
  const holds = {
    'a fence never falls': !before || row.fence >= before.fence,
    'a finished task stays as it is, unless it is redriven':
      !before || !FINISHED.includes(before.state) || real.redriven.has(row.id) || row.state === before.state,
    'attempts are limited': row.attempts <= row.maxAttempts,
    'a completion has its effect once, and nothing else has': (real.effects.get(row.id) ?? 0) === (isDone ? 1 : 0),
    'a lease has an end, and nothing else has': (row.leaseExpiresAt !== null) === isHeld(row),
  }
  return Object.entries(holds).flatMap(([text, isSo]) => (isSo ? [] : [`${text}: ${JSON.stringify(row)}`]))
}

/** Compares all rows with the model, and checks the invariants. `expect` costs more than the engine, so that it sees summaries only. */
export const compare = async (model: Model, real: Real) => {
  const rows = await real.rows()
  const stored = rows.map(shownRow)
  const wanted = [...model.tasks].sort((x, y) => (x.id < y.id ? -1 : 1)).map(shownTask)
  if (!Bun.deepEquals(stored, wanted)) expect(stored).toEqual(wanted)
  const broken = rows.flatMap((row) => brokenBy(row, real))
  for (const [group, cap] of model.caps)
    if (rows.filter((row) => row.groupKey === group && isHeld(row)).length > cap) broken.push(`more than ${cap} of ${group}`)
  expect(broken).toEqual([])
  real.before = new Map(rows.map((row) => [row.id, row]))
  real.redriven = new Set()
}

/** A command from what it does; a check of the whole table follows. */
const command = (
  text: string,
  run: (model: Model, real: Real) => Promise<void>,
  ready: (model: Model) => boolean = () => true,
): Command => ({
  check: ready,
  async run(model, real) {
    model.now = real.clock.now()
    await run(model, real)
    real.executed++
    real.count(text.split(' ')[0]!)
    if (real.executed % real.compareEvery === 0) await compare(model, real)
  },
  toString: () => text,
})

type Variant = 'holder' | 'old' | 'other'
const variant = fc.oneof(
  { arbitrary: fc.constant<Variant>('holder'), weight: 6 },
  { arbitrary: fc.constant<Variant>('old'), weight: 1 },
  { arbitrary: fc.constant<Variant>('other'), weight: 1 },
)
/** A task to speak for: mostly one that is held, sometimes any. */
const pick = fc.record({ index: fc.nat(1000), held: fc.boolean(), variant })
type Pick = { index: number; held: boolean; variant: Variant }
const chosen = (model: Model, { index, held, variant: as }: Pick) => {
  const leased = model.tasks.filter((task) => task.state === 'leased' || task.state === 'cancelling')
  const from = held && leased.length > 0 ? leased : model.tasks
  const task = from[index % from.length]!
  const owner = as === 'other' ? WORKERS[(WORKERS.indexOf(task.owner ?? 'w0') + 1) % WORKERS.length]! : (task.owner ?? 'w0')
  return { task, holder: { id: task.id, owner, fence: as === 'old' ? task.fence - 1 : task.fence } }
}
const some = (model: Model) => model.tasks.length > 0
const shown = (value: unknown) => JSON.stringify(value)

const enqueue = fc
  .record({
    kind: fc.constantFrom(...KINDS),
    priority: fc.constantFrom(10, 10, 50, 90),
    group: fc.option(fc.constantFrom(...GROUPS)),
    dedupe: fc.option(fc.constantFrom('d1', 'd2'), { freq: 3 }),
    delayMs: fc.constantFrom(0, 0, 0, 5000),
    livesMs: fc.option(fc.constantFrom(20_000, 90_000), { freq: 4 }),
  })
  .map((news) =>
    command(`enqueue ${shown(news)}`, async (model, real) => {
      const runAfter = model.now + news.delayMs
      const expiresAt = news.livesMs === null ? null : model.now + news.livesMs
      const ids = await real.db.tx((tx) =>
        real.engine.enqueue(tx, [
          {
            kind: news.kind,
            payload: {},
            priority: news.priority,
            groupKey: news.group ?? undefined,
            dedupeKey: news.dedupe ?? undefined,
            runAfter: new Date(runAfter),
            expiresAt: expiresAt === null ? undefined : new Date(expiresAt),
          },
        ]),
      )
      expect(ids).toHaveLength(model.liveTwin(news.kind, news.dedupe) ? 0 : 1)
      for (const id of ids)
        model.tasks.push({
          id,
          kind: news.kind,
          priority: news.priority,
          group: news.group,
          dedupe: news.dedupe,
          state: 'queued',
          attempts: 0,
          max: MODEL_KINDS[news.kind]!.max,
          fence: 0,
          owner: null,
          leaseEnds: null,
          runAfter,
          requeues: 0,
          createdAt: model.now,
          expiresAt,
          lastEnd: null,
        })
    }),
  )

const lease = fc
  .record({
    owner: fc.constantFrom(...WORKERS),
    kinds: fc.subarray(KINDS, { minLength: 1 }),
    max: fc.constantFrom(1, 1, 2, 3, 8),
    leaseMs: fc.constantFrom(5000, 30_000, 60_000),
  })
  .map((request) =>
    command(`lease ${shown(request)}`, async (model, real) => {
      const tasks = await real.engine.lease(request)
      expect(tasks.map((task) => task.id)).toEqual(model.lease(request.owner, request.kinds, request.max, request.leaseMs))
      for (const task of tasks) {
        // At most one holder ever: a pair of task and fence is handed out once.
        const held = `${task.id} ${task.fence}`
        expect(real.handedOut.has(held)).toBe(false)
        real.handedOut.add(held)
        expect(shownRow(task)).toEqual(shownTask(model.find(task.id)))
      }
    }),
  )

const heartbeat = fc.record({ pick, leaseMs: fc.constantFrom(5000, 60_000) }).map((beat) =>
  command(
    `heartbeat ${shown(beat)}`,
    async (model, real) => {
      const { task, holder } = chosen(model, beat.pick)
      const answer = await real.engine.heartbeat(holder, beat.leaseMs, { at: model.now })
      if (!model.holds(task, holder.owner, holder.fence)) return expect(answer).toMatchObject({ code: 'stale' })
      task.leaseEnds = model.now + beat.leaseMs
      expect(answer).toEqual({ leaseExpiresAt: new Date(task.leaseEnds), cancelRequested: task.state === 'cancelling' })
    },
    some,
  ),
)

const complete = fc.array(pick, { minLength: 1, maxLength: 3 }).map((picks) =>
  command(
    `complete ${shown(picks)}`,
    async (model, real) => {
      const holders = picks.map((one) => chosen(model, one).holder)
      const owner = holders[0]!.owner
      const items = [
        ...new Map(
          holders.map((holder) => [holder.id, { id: holder.id, fence: holder.fence, result: { at: model.now } }]),
        ).values(),
      ]
      const refused = await real.engine.complete(owner, items, KINDS)
      const expected = items.filter((item) => model.complete(item.id, owner, item.fence) === 'stale').map((item) => item.id)
      expect([...refused.keys()].sort()).toEqual(expected.sort())
    },
    some,
  ),
)

const fail = fc.record({ pick, retryable: fc.boolean() }).map((failing) =>
  command(
    `fail ${shown(failing)}`,
    async (model, real) => {
      const { task, holder } = chosen(model, failing.pick)
      const answer = await real.engine.fail(holder, { error: 'x', retryable: failing.retryable }, KINDS)
      const expected = model.fail(task.id, holder.owner, holder.fence, failing.retryable)
      if (expected === 'stale') expect(answer).toMatchObject({ code: 'stale' })
      else expect(answer as object).toEqual(expected)
    },
    some,
  ),
)

const release = pick.map((one) =>
  command(
    `release ${shown(one)}`,
    async (model, real) => {
      const { task, holder } = chosen(model, one)
      const refused = await real.engine.release([holder], KINDS)
      expect(refused.size).toBe(model.release(task.id, holder.owner, holder.fence) === 'ok' ? 0 : 1)
    },
    some,
  ),
)

const cancel = pick.map((one) =>
  command(
    `cancel ${shown(one)}`,
    async (model, real) => {
      const { task } = chosen(model, one)
      const answer = await real.engine.cancel(task.id, KINDS)
      expect(isRefusal(answer) ? answer.code : answer.state).toBe(model.cancel(task.id) as never)
    },
    some,
  ),
)

const report = fc
  .record({ pick, state: fc.constantFrom('completed' as const, 'failed' as const, 'dead' as const) })
  .map((reported) =>
    command(
      `report ${shown(reported)}`,
      async (model, real) => {
        const { task } = chosen(model, reported.pick)
        await real.db.tx((tx) => real.engine.finishExternally(tx, [{ id: task.id, state: reported.state }], new Date(model.now)))
        model.report(task.id, reported.state)
      },
      some,
    ),
  )

const redrive = fc
  .record({
    kind: fc.option(fc.constantFrom(...KINDS)),
    picks: fc.array(pick, { minLength: 1, maxLength: 3 }),
    limit: fc.constantFrom(1, 2, 100),
  })
  .map((choice) =>
    command(
      `redrive ${shown(choice)}`,
      async (model, real) => {
        const ids = choice.kind
          ? model.tasks
              .filter((task) => task.state === 'dead' && task.kind === choice.kind)
              .map((task) => task.id)
              .sort()
          : [...new Set(choice.picks.map((one) => chosen(model, one).task.id))]
        const answer = await real.engine.redrive(
          choice.kind ? { kind: choice.kind, limit: choice.limit } : { ids, limit: choice.limit },
          KINDS,
        )
        expect(answer.redriven).toEqual(model.redrive(ids, choice.limit))
        // Of named tasks each is redriven or skipped with a reason; of a kind those beyond the limit were not asked for.
        const answered = answer.redriven.length + answer.skipped.length
        if (choice.kind) expect(answered).toBeLessThanOrEqual(ids.length)
        else expect(answered).toBe(ids.length)
        for (const id of answer.redriven) real.redriven.add(id)
      },
      some,
    ),
  )

const advance = fc
  .constantFrom(1, 1000, 5000, 10_000, 30_000, 60_000, 900_000)
  .map((ms) => command(`advance ${ms}`, async (_model, real) => real.clock.advance(ms)))

const sweep = fc.constant(
  command('sweep', async (model, real) => {
    await real.engine.sweep()
    model.sweep()
  }),
)

const pause = fc.record({ key: fc.constantFrom(...GROUPS), ms: fc.constantFrom(0, 5000, 60_000) }).map(({ key, ms }) =>
  command(`pause ${key} ${ms}`, async (model, real) => {
    await real.engine.setGroup({ key, pausedUntil: ms === 0 ? null : new Date(model.now + ms) })
    model.pauses.set(key, model.now + ms)
  }),
)

/** Twice what happens more often in life; a pause rarely, for it sends every lease down the slower way. */
export const allCommands = [
  enqueue,
  enqueue,
  enqueue,
  lease,
  lease,
  lease,
  heartbeat,
  complete,
  complete,
  fail,
  fail,
  release,
  cancel,
  report,
  redrive,
  advance,
  advance,
  sweep,
  pause,
] as fc.Arbitrary<Command>[]
