import { expect } from 'bun:test'
import { FINISHED, type ModelTask, RunsModel } from './model-runs.ts'
import type { Rows } from './model-runs-app.ts'
import type { Answer, Expected, Hints, Op } from './model-runs-ops.ts'
import { stepsOf } from './model-runs-steps.ts'

/** A command with its answer, or without one where it was lost. */
export interface Done {
  op: Op
  answer?: Answer
}
/** A model together with what was in the database before it. */
export interface Course {
  model: RunsModel
  /** Before the names of what this course stores. */
  epoch: string
  base: Rows['totals']
  last: Rows
}

const idsOf = (rows: Rows): Pick<Hints, 'idOf'> => {
  const ids = new Map(rows.sources.map(({ url, id }) => [url, id]))
  return { idOf: (url) => ids.get(url) ?? 0 }
}
const nothingLeft = (rows: Rows): Hints => ({
  ...idsOf(rows),
  isLeft: () => false,
  isDispatched: () => true,
  isOverlapSeen: () => true,
})
const copyOf = (model: RunsModel): RunsModel => {
  const { now, sources, tasks, notes, products, prices, loose } = model
  // Answers of keys are closures over rows: a copy shares them, because a kept answer never changes.
  const copy = Object.assign(new RunsModel(), structuredClone({ now, sources, tasks, notes, products, prices, loose }))
  copy.keys = new Map(model.keys)
  return copy
}

/** Gives new runs and tasks of the model their ids. False when there are other runs than the model knows. */
const bind = (model: RunsModel, rows: Rows): boolean => {
  const bySource = Map.groupBy(rows.runs, (run) => run.source)
  return model.sources.every((source) => {
    const stored = bySource.get(source.id) ?? []
    for (const [n, run] of source.runs.entries()) {
      run.id = stored[n]?.id ?? 0
      if (run.task && run.task.id === '') run.task.id = stored[n]?.task ?? ''
    }
    return stored.length === source.runs.length
  })
}
const byId = <T extends { id: number | string }>(rows: T[]) => rows.sort((x, y) => (x.id < y.id ? -1 : 1))
/** A task without what no longer matters once it has finished. */
const whileLive = <T extends { state: string; runAfter: number }>(task: T) =>
  FINISHED.includes(task.state) ? { ...task, runAfter: null } : task
const inOrder = (notes: Rows['notes']) => notes.map(({ source, isBroken }) => `${source} ${isBroken}`).sort()

/** Model and rows in one form. */
const shownModel = ({ sources, tasks, notes, products, prices, loose }: RunsModel, base: Rows['totals']) => ({
  sources: byId(sources.map(({ runs, ...shown }) => shown)),
  runs: byId(
    sources.flatMap(({ runs, id, site }) =>
      runs.map(({ task, ...run }) => ({ ...run, source: id, site, task: task?.id ?? null })),
    ),
  ),
  tasks: byId(tasks.map(({ source, ...task }) => whileLive(task))),
  notes: inOrder(notes),
  totals: { products: base.products + products.size, prices: base.prices + prices, loose: base.loose + loose },
})
const shownRows = ({ notes, tasks, ...rows }: Rows) => ({ ...rows, tasks: tasks.map(whileLive), notes: inOrder(notes) })

/** What holds whatever the model says: of the rows alone, and of how they have changed. */
const checkInvariants = ({ runs, tasks }: Rows, before: Rows) => {
  const open = runs.filter(({ status }) => status === 'queued' || status === 'running')
  expect(new Set(open.map(({ source }) => source)).size, 'one open run a source').toBe(open.length)
  const taskOf = new Map(tasks.map((task) => [task.id, task]))
  const worked = new Set(open.flatMap(({ task }) => task ?? []))
  for (const run of open) {
    if (run.task) expect([run.id, run.status, taskOf.get(run.task)?.state]).toEqual([run.id, run.status, expect.any(String)])
    const state = run.task ? taskOf.get(run.task)?.state : undefined
    if (run.status === 'queued') expect([run.id, state]).toEqual([run.id, 'queued'])
    else if (run.task) expect(['leased', 'cancelling', 'paused']).toContain(state as string)
  }
  for (const task of tasks) {
    const isLive = ['queued', 'leased', 'paused', 'cancelling'].includes(task.state)
    expect([task.id, worked.has(task.id)]).toEqual([task.id, isLive])
    expect(task.leaseEnds !== null).toBe(task.state === 'leased' || task.state === 'cancelling')
    expect(task.attempts).toBeLessThanOrEqual(5)
  }
  for (const old of before.tasks) expect(taskOf.get(old.id)?.fence ?? 0).toBeGreaterThanOrEqual(old.fence)
  const runOf = new Map(runs.map((run) => [run.id, run]))
  for (const run of runs) {
    expect(run.scraped).toBe(run.new + run.updated + run.unchanged)
    expect(run.finished === null).toBe(run.status === 'queued' || run.status === 'running')
  }
  for (const old of before.runs) {
    const run = runOf.get(old.id)
    expect(run).toBeDefined()
    if (old.finished !== null) expect([old.id, run?.status, run?.task]).toEqual([old.id, old.status, old.task])
    for (const counter of ['scraped', 'new', 'updated', 'unchanged', 'categories', 'rejected'] as const)
      expect(run?.[counter] ?? -1).toBeGreaterThanOrEqual(old[counter])
  }
}

/** A task that a command locks; the sweeps of idle runs lock any. */
const isTouched = (model: RunsModel, { op }: Done, task: ModelTask): boolean => {
  if (op.op === 'idle') return true
  const named = [
    'task' in op ? op.task : undefined,
    'lease' in op ? op.lease?.task : undefined,
    'source' in op || op.op === 'save' ? openTaskOf(model, op) : undefined,
    ...(op.op === 'complete' ? op.tasks.map(({ id }) => id) : []),
  ]
  return named.includes(task.id)
}
const openTaskOf = (model: RunsModel, op: Op): string | undefined => {
  const source = model.sources.find(({ id, url }) => ('source' in op && op.source === id) || ('url' in op && op.url === url))
  return source && model.openOf(source)?.task?.id
}
/** What concurrent transactions may have left to each other and no row shows. */
interface Variant {
  /** Whether a dispatch met the open runs. */
  seesOverlaps: boolean
  /** Of each command that ends lost leases whether it left those that others had locked. */
  leaves: boolean[]
}
function* variantsOf(done: Done[]): Generator<Variant> {
  const reapers = done.map(({ op }) => op.op === 'sweep' || op.op === 'lease')
  const choices = reapers.reduce(
    (sofar, isReaper) =>
      sofar.flatMap((one) =>
        isReaper
          ? [
              [...one, false],
              [...one, true],
            ]
          : [[...one, false]],
      ),
    [[]] as boolean[][],
  )
  for (const seesOverlaps of done.some(({ op }) => op.op === 'dispatch') ? [true, false] : [true])
    for (const leaves of choices) yield { seesOverlaps, leaves }
}
/** What concurrent transactions left to each other, as the rows show it. */
const hintsOf = (rows: Rows, { last, model }: Course) => {
  const leftTasks = new Set(rows.tasks.flatMap(({ id, leaseEnds }) => (leaseEnds !== null && leaseEnds <= model.now ? [id] : [])))
  const known = new Set(last.runs.map(({ id }) => id))
  const made = rows.runs.filter(({ id, trigger }) => trigger === 'schedule' && !known.has(id))
  const scheduled = new Set(made.flatMap(({ source, status }) => (status === 'skipped' ? [] : [source])))
  const skipped = new Set(made.flatMap(({ source, status }) => (status === 'skipped' ? [source] : [])))
  return {
    opened: scheduled.size,
    of: (done: Done[], n: number, { seesOverlaps, leaves }: Variant): Hints => ({
      ...idsOf(rows),
      isLeft: (task) =>
        leftTasks.has(task.id) || (leaves[n] === true && done.some((other, m) => m !== n && isTouched(model, other, task))),
      expired: done[n]?.op.op === 'sweep' ? Number(done[n]?.answer?.expired ?? 0) : undefined,
      leased: leasedBy(done[n] as Done, rows, { last, model }),
      isDispatched: ({ id }) => scheduled.has(id),
      isOverlapSeen: ({ id, overlap }) => (overlap === 'skip' ? skipped.has(id) : seesOverlaps),
    }),
  }
}

/** All orders in which the steps of `counts[n]` commands can follow one another, as indices. */
function* interleavings(counts: number[], sofar: number[] = []): Generator<number[]> {
  if (counts.every((count) => count === 0)) {
    yield sofar
    return
  }
  for (const [n, count] of counts.entries()) if (count > 0) yield* interleavings(counts.with(n, count - 1), [...sofar, n])
}
/** Commits of a command, at most: a dispatch sees the open runs, opens `opened` runs a few at a time, and finds nothing more. */
const commitsOf = ({ op }: Done, opened: number) => (op.op === 'dispatch' ? 2 * (op.times ?? 1) + opened : 1)
/** Dispatches at the same time share what is due among them in any way: as one, whose figures are their sums. */
const withOneDispatch = (done: Done[]): Done[] => {
  const dispatches = done.filter(({ op }) => op.op === 'dispatch')
  const sum = (name: string) => dispatches.reduce((total, { answer }) => total + Number(answer?.[name]), 0)
  if (dispatches.length < 2) return done
  const all = { op: { op: 'dispatch' as const, times: dispatches.length } }
  return [
    ...done.filter(({ op }) => op.op !== 'dispatch'),
    { ...all, answer: { dispatched: sum('dispatched'), skipped: sum('skipped') } },
  ]
}
/**
 * Sweeps at the same time share the leases that are lost among them in any way, because each skips what another has locked: as one, whose
 * figure is their sum. Not where one has no answer: then nobody knows how many.
 */
const withOneSweep = (done: Done[]): Done[] => {
  const sweeps = done.filter(({ op }) => op.op === 'sweep')
  if (sweeps.length < 2 || sweeps.some(({ answer }) => !answer)) return done
  const expired = sweeps.reduce((total, { answer }) => total + Number(answer?.expired), 0)
  return [...done.filter(({ op }) => op.op !== 'sweep'), { op: { op: 'sweep' }, answer: { expired } }]
}
const MOST_ORDERS = 10_000

interface Outcome {
  model: RunsModel
  expected: (Expected | undefined)[]
}
/** Runs the steps of commands in an order. */
const follow = (course: Course, done: Done[], order: number[], hints: (n: number) => Hints): Outcome => {
  const model = copyOf(course.model)
  const steps = done.map(({ op }, n) => stepsOf(model, op, course.epoch, hints(n)))
  const expected: (Expected | undefined)[] = done.map(() => undefined)
  for (const n of order) {
    const step = steps[n]?.next()
    if (step?.done && step.value) expected[n] = step.value
  }
  return { model, expected }
}
const settled = (expected: Expected | undefined) => (typeof expected === 'function' ? expected() : expected)
const plain = (value: unknown) => JSON.parse(JSON.stringify(value ?? null))

/** Whether a course answers as the app did. */
const answersAlike = ({ expected }: Outcome, done: Done[]): boolean =>
  done.every(({ answer }, n) => answer === undefined || Bun.deepEquals(plain(settled(expected[n])), answer))
const isExplained = (course: Course, outcome: Outcome, done: Done[], rows: Rows): boolean =>
  bind(outcome.model, rows) &&
  answersAlike(outcome, done) &&
  Bun.deepEquals(shownModel(outcome.model, course.base), shownRows(rows))

/** The sources whose tasks a lease has taken: as it has answered, else as the rows show it. */
const leasedBy = ({ op, answer }: Done, rows: Rows, { last, model }: Pick<Course, 'last' | 'model'>): number[] | undefined => {
  if (op.op !== 'lease') return undefined
  if (answer) return (answer.tasks as { source: number }[]).map(({ source }) => source)
  const fences = new Map(last.tasks.map(({ id, fence }) => [id, fence]))
  const taken = new Set(
    rows.tasks.filter(({ id, owner, fence }) => owner === op.worker && fence > (fences.get(id) ?? 0)).map(({ id }) => id),
  )
  return model.tasks.filter(({ id }) => taken.has(id)).map(({ source }) => source.id)
}

/** Does one answered command to the model and compares all rows. */
export const advanceOne = (course: Course, { op, answer }: Done, rows: Rows) => {
  const { model, epoch, base } = course
  const steps = stepsOf(model, op, epoch, nothingLeft(rows))
  let step = steps.next()
  while (!step.done) step = steps.next()
  bind(model, rows)
  const last = JSON.stringify(op)
  expect(answer, last).toEqual(plain(settled(step.value)))
  expect(shownRows(rows), last).toEqual(shownModel(model, base))
  checkInvariants(rows, course.last)
  course.last = rows
}

/**
 * Finds an order of commands done at the same time, or broken off in the middle, that explains their answers and all rows. Of a command
 * without an answer any number of its commits may have happened. Answers how many of these have.
 */
export const explain = (course: Course, done: Done[], rows: Rows): { happened: number } => {
  checkInvariants(rows, course.last)
  const isAlone = done.length === 1
  // A key in use by a concurrent request is refused, and nothing else happens.
  const counted = withOneSweep(withOneDispatch(done.filter(({ answer }) => answer?.code !== 'idempotency_in_progress')))
  let orders = 0
  let nearest: Outcome | undefined
  const seen = hintsOf(rows, course)
  for (const variant of variantsOf(counted)) {
    const hints = (n: number): Hints => (isAlone ? nothingLeft(rows) : seen.of(counted, n, variant))
    for (const part of partsOf(counted, seen.opened))
      for (const order of interleavings(part)) {
        if (++orders > MOST_ORDERS) break
        const outcome = follow(course, counted, order, hints)
        if (isExplained(course, outcome, counted, rows)) {
          course.model = outcome.model
          course.last = rows
          return { happened: counted.filter(({ answer }, n) => !answer && (part[n] as number) > 0).length }
        }
        if (!nearest || answersAlike(outcome, counted)) nearest = outcome
      }
  }
  // No order explains it: shows what one differs in whose answers are right, if there is any.
  if (nearest) bind(nearest.model, rows)
  const last = `no order explains ${JSON.stringify(done)}`
  expect({ answers: counted.map(({ answer }) => answer ?? null), rows: shownRows(rows) }, last).toEqual({
    answers: counted.map(({ answer }, n) => (answer ? plain(settled(nearest?.expected[n])) : null)),
    rows: nearest && shownModel(nearest.model, course.base),
  } as never)
  throw new Error(last)
}
/** How many commits of each command there may have been: all of an answered one, any number of another. */
const partsOf = (done: Done[], opened: number): number[][] => {
  let parts: number[][] = [[]]
  for (const one of done) {
    const all = commitsOf(one, one.answer?.dispatched === undefined ? opened : Number(one.answer.dispatched))
    const some = one.answer ? [all] : Array.from({ length: all + 1 }, (_, n) => n)
    parts = parts.flatMap((part) => some.map((count) => [...part, count]))
  }
  return parts
}
