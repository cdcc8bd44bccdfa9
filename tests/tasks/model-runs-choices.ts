import fc from 'fast-check'
import { DAY, HOUR, MINUTE } from '../support/fake-clock.ts'
import { CRONS, IDLE_MS, isHeld, type Lease, type ModelTask, type RunsModel } from './model-runs.ts'
import type { Op } from './model-runs-ops.ts'

/** A choice becomes a command when it is known what there is; undefined where there is nothing to do it to. */
export type Choice = { name: string; given: unknown; resolve(model: RunsModel, epoch: string): Op | undefined }

const WORKERS = ['w0', 'w1', 'w2']
const SITES = ['alpha', 'beta']
const KINDS = ['source.run', 'source.run.web']
const MOST_SOURCES = 30

const choice = <T>(
  name: string,
  given: fc.Arbitrary<T>,
  resolve: (given: T, model: RunsModel, epoch: string) => Op | undefined,
) => given.map((value): Choice => ({ name, given: value, resolve: (model, epoch) => resolve(value, model, epoch) }))

const index = fc.nat(1000)
const at = <T>(list: readonly T[], n: number): T | undefined => list[n % list.length]
const seldom = (weight: number) => fc.integer({ min: 1, max: weight }).map((n) => n === 1)

/** A task and who speaks for it: mostly one that is held and its holder. */
const pick = fc.record({
  index,
  ofAll: seldom(8),
  as: fc.constantFrom('holder', 'holder', 'holder', 'holder', 'holder', 'old', 'other'),
})
type Pick = { index: number; ofAll: boolean; as: string }
const holderOf = (task: ModelTask, as: string): Lease => {
  const owner = task.owner ?? 'w0'
  return {
    task: task.id,
    worker: as === 'other' ? (at(WORKERS, WORKERS.indexOf(owner) + 1) as string) : owner,
    fence: as === 'old' ? Math.max(0, task.fence - 1) : task.fence,
  }
}
const chosen = (model: RunsModel, { index: n, ofAll }: Pick): ModelTask | undefined => {
  const held = model.tasks.filter(isHeld)
  return ofAll || held.length === 0 ? at(model.tasks, n) : at(held, n)
}
const speaking = (model: RunsModel, one: Pick): Lease | undefined => {
  const task = chosen(model, one)
  return task && holderOf(task, one.as)
}

/** A source, by preference one with an open run. */
const place = fc.record({ index, ofAll: seldom(3) })
const sourceAt = (model: RunsModel, { index: n, ofAll }: { index: number; ofAll: boolean }) => {
  const open = model.sources.filter((source) => model.openOf(source))
  return ofAll || open.length === 0 ? at(model.sources, n) : at(open, n)
}

export const sourceFields = fc.record(
  {
    strategy: fc.constantFrom('deep', 'discovery'),
    priority: fc.constantFrom(10, 50, 90),
    refresh_interval_hours: fc.constantFrom(1, 6, 24),
    is_active: fc.constantFrom(true, true, true, false),
    overlap: fc.constantFrom('skip', 'queue_one'),
    config: fc.constantFrom({}, {}, { worker: 'web' }),
    schedule: fc.constantFrom(null, ...Object.keys(CRONS).map((cron) => ({ cron }))),
  },
  { requiredKeys: [] },
)
export const urlOf = (epoch: string, n: number) => `https://${at(SITES, n)}.example/${epoch}/list/${n}`

const save = choice(
  'save',
  fc.record({ n: fc.nat(6), site: fc.constantFrom(...SITES), fields: sourceFields }),
  ({ n, site, fields }, model, epoch) =>
    model.sources.length < MOST_SOURCES ? { op: 'save', url: urlOf(epoch, n), site, fields } : undefined,
)
const patch = choice('patch', fc.record({ index, fields: sourceFields }), ({ index: n, fields }, model) => {
  const source = at(model.sources, n)
  return source && { op: 'patch', source: source.id, fields }
})
const toggle = choice('toggle', fc.record({ place, isActive: fc.boolean() }), ({ place: of, isActive }, model) => {
  const source = sourceAt(model, of)
  return source && { op: 'toggle', source: source.id, isActive }
})
const force = choice(
  'force',
  fc.record({ index, strategy: fc.constantFrom(undefined, undefined, 'deep', 'discovery') }),
  ({ index: n, strategy }, model) => {
    const source = at(model.sources, n)
    return source && { op: 'force', source: source.id, ...(strategy ? { strategy } : {}) }
  },
)
const lease = choice(
  'lease',
  fc.record({
    worker: fc.constantFrom(...WORKERS),
    kinds: fc.constantFrom(KINDS, KINDS, KINDS, ['source.run'], ['source.run.web']),
    max: fc.constantFrom(1, 1, 2, 5, 25),
    seconds: fc.constantFrom(10, 60, 600),
    sites: fc.constantFrom(undefined, undefined, undefined, ['alpha']),
  }),
  ({ sites, ...asked }) => ({ op: 'lease', ...asked, ...(sites ? { sites } : {}) }),
)
const beat = choice('beat', fc.record({ pick, seconds: fc.constantFrom(10, 60, 600) }), ({ pick: one, seconds }, model) => {
  const holder = speaking(model, one)
  return holder && { op: 'beat', ...holder, seconds }
})
const result = fc.constantFrom<unknown>(undefined, undefined, undefined, {}, { logs: 'done' }, { logs: 5 })
/** From one to 25 of what a worker holds, now and then with an old or foreign word among them. */
const complete = choice(
  'complete',
  fc.record({
    pick,
    most: fc.constantFrom(1, 1, 2, 5, 25),
    results: fc.array(result, { minLength: 1, maxLength: 4 }),
    strange: fc.option(pick, { freq: 3 }),
  }),
  ({ pick: one, most, results, strange }, model) => {
    const first = speaking(model, one)
    if (!first) return undefined
    const own = model.tasks.filter((task) => isHeld(task) && task.owner === first.worker && task.id !== first.task)
    const other = strange === null ? undefined : speaking(model, { ...strange, ofAll: true })
    const all = [first, ...own.slice(0, most - 1).map((task) => holderOf(task, 'holder')), ...(other ? [other] : [])]
    const tasks = all.map(({ task, fence }, n) => {
      const said = at(results, n)
      return { id: task, fence, ...(said === undefined ? {} : { result: said }) }
    })
    return { op: 'complete', worker: first.worker, tasks }
  },
)
const fail = choice(
  'fail',
  fc.record({ pick, isRetryable: fc.constantFrom(true, true, false) }),
  ({ pick: one, isRetryable }, model) => {
    const holder = speaking(model, one)
    return holder && { op: 'fail', ...holder, isRetryable, error: 'the worker failed' }
  },
)
const release = choice('release', fc.record({ pick, delay: fc.constantFrom(0, 0, 30) }), ({ pick: one, delay }, model) => {
  const holder = speaking(model, one)
  return holder && { op: 'release', ...holder, delay }
})
const cancel = choice('cancel', fc.record({ pick, isOpen: fc.boolean() }), ({ pick: one, isOpen }, model) => {
  const open = model.tasks.filter((task) => task.state === 'queued' || task.state === 'paused')
  const task = isOpen && open.length > 0 ? at(open, one.index) : chosen(model, one)
  return task && { op: 'cancel', task: task.id }
})
const redrive = choice(
  'redrive',
  fc.record({
    kind: fc.option(fc.constantFrom(...KINDS)),
    indices: fc.array(index, { minLength: 1, maxLength: 3 }),
    limit: fc.constantFrom(1, 2, 100),
  }),
  ({ kind, indices, limit }, model) => {
    const dead = model.tasks.filter((task) => task.state === 'dead')
    const from = dead.length > 0 ? dead : model.tasks
    if (from.length === 0) return undefined
    const ids = [...new Set(indices.map((n) => (at(from, n) as ModelTask).id))]
    return { op: 'redrive', ...(kind ? { kind } : { ids }), limit }
  },
)

/** Which run a report names, and under which lease it is made. */
const about = fc.record({
  place,
  run: fc.constantFrom('none', 'none', 'none', 'open', 'old'),
  fence: fc.constantFrom('none', 'none', 'holder', 'holder', 'old', 'other'),
})
type About = { place: { index: number; ofAll: boolean }; run: string; fence: string }
const aboutOf = (
  model: RunsModel,
  { place: of, run, fence }: About,
): { source: number; run?: number; lease?: Lease } | undefined => {
  const source = sourceAt(model, of)
  if (!source) return undefined
  const open = model.openOf(source)
  const named = run === 'open' ? open : run === 'old' ? at(source.runs, of.index) : undefined
  // Without a task of its own to speak for, a fence is that of an earlier one.
  const task = open?.task ?? source.runs.findLast((one) => one.task)?.task
  return {
    source: source.id,
    ...(named ? { run: named.id } : {}),
    ...(fence === 'none' || !task ? {} : { lease: holderOf(task, fence) }),
  }
}
const report = choice(
  'report',
  fc.record({ about, status: fc.constantFrom('running', 'running', 'waiting', 'waiting', 'error', 'broken', 'queued') }),
  ({ about: of, status }, model) => {
    const known = aboutOf(model, of)
    return known && { op: 'report', ...known, status }
  },
)
const error = choice('error', fc.record({ about, isBroken: seldom(3) }), ({ about: of, isBroken }, model) => {
  const known = aboutOf(model, of)
  return known && { op: 'error', ...known, error: 'the spider failed', isBroken }
})
const logs = choice('logs', fc.record({ about, n: fc.nat(99) }), ({ about: of, n }, model) => {
  const known = aboutOf(model, of)
  return known && { op: 'logs', ...known, logs: `line ${n}` }
})

const item = fc.record({ site: fc.constantFrom(...SITES), n: fc.nat(12), version: fc.nat(2), isBad: seldom(6) })
const batch = fc.record({
  items: fc.oneof(
    { arbitrary: fc.array(item, { maxLength: 5 }), weight: 5 },
    // Of one site, as spiders send them.
    {
      arbitrary: fc
        .tuple(fc.constantFrom(...SITES), fc.array(item, { minLength: 1, maxLength: 5 }))
        .map(([site, items]) => items.map((one) => ({ ...one, site }))),
      weight: 5,
    },
    {
      arbitrary: fc.array(item, { minLength: 1, maxLength: 3 }).map((items) => items.map((one) => ({ ...one, isBad: true }))),
      weight: 1,
    },
  ),
  categories: fc.oneof(
    { arbitrary: fc.constant([]), weight: 6 },
    {
      arbitrary: fc.array(fc.record({ site: fc.constantFrom(...SITES), n: fc.nat(7) }), { minLength: 1, maxLength: 3 }),
      weight: 1,
    },
  ),
})
const ingest = choice(
  'ingest',
  fc.record({
    batch,
    pick,
    place,
    target: fc.constantFrom('lease', 'lease', 'source', 'site'),
    key: fc.option(fc.constantFrom('k1', 'k2', 'k3'), { freq: 2 }),
    isRepeat: fc.boolean(),
  }),
  ({ batch: { items, categories }, pick: one, place: of, target, key, isRepeat }, model) => {
    const holder = target === 'lease' ? speaking(model, one) : undefined
    const source = target === 'source' ? sourceAt(model, of) : undefined
    const leased = holder && model.task(holder.task)?.source
    const news = {
      source: (source ?? leased)?.id ?? 0,
      items,
      categories: model.sources.length < MOST_SOURCES ? categories : [],
    }
    // A repeat says what the first request said, under whatever lease.
    const known = key !== null && isRepeat ? model.keys.get(key) : undefined
    const [knownSource, knownItems, knownCategories] = known ? JSON.parse(known.body) : []
    const said = known ? { source: knownSource, items: knownItems, categories: knownCategories } : news
    return { op: 'ingest', ...said, ...(holder ? { lease: holder } : {}), ...(key === null ? {} : { key }) }
  },
)
const activate = choice('activate', fc.array(index, { minLength: 1, maxLength: 3 }), (indices, model) => {
  const discovered = model.sources.filter(({ status }) => status === 'discovered')
  const from = discovered.length > 0 ? discovered : model.sources
  return from.length === 0
    ? undefined
    : { op: 'activate', ids: [...new Set(indices.map((n) => (at(from, n) as { id: number }).id))] }
})
const plain = (op: 'dispatch' | 'idle' | 'sweep') => choice(op, fc.constant(null), () => ({ op }))

/** How far the clock goes between commands: over leases, retries, shared runs, idle runs, keys. */
export const advance = fc.constantFrom(1, 1000, 15_000, MINUTE, 5 * MINUTE, 11 * MINUTE, 31 * MINUTE, HOUR, IDLE_MS, DAY)

const weights: [fc.Arbitrary<Choice>, number][] = [
  [save, 1],
  [patch, 2],
  [toggle, 2],
  [force, 4],
  [lease, 7],
  [beat, 2],
  [complete, 5],
  [fail, 2],
  [release, 2],
  [cancel, 2],
  [redrive, 2],
  [report, 4],
  [error, 2],
  [logs, 2],
  [ingest, 7],
  [activate, 1],
  [plain('dispatch'), 4],
  [plain('idle'), 2],
  [plain('sweep'), 3],
]
export const anyChoice = fc.oneof(...weights.map(([arbitrary, weight]) => ({ arbitrary, weight })))
