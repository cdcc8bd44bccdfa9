import {
  CRONS,
  DAY,
  FINISHED,
  isHeld,
  isOpen,
  type Lease,
  type ModelRun,
  type ModelSource,
  type ModelTask,
  PER_TICK,
  QUOTA,
  type RunsModel,
  SWITCHED_OFF,
} from './model-runs.ts'

export interface SourceFields {
  strategy?: string
  priority?: number
  refresh_interval_hours?: number
  is_active?: boolean
  overlap?: string
  config?: { worker?: string }
  schedule?: { cron: string } | null
}
export interface Item {
  site: string
  n: number
  version: number
  isBad: boolean
}
/** What is done to the app, as plain JSON: a process of its own can be told it. */
export type Op =
  | { op: 'save'; url: string; site: string; fields: SourceFields }
  | { op: 'patch'; source: number; fields: SourceFields }
  | { op: 'toggle'; source: number; isActive: boolean }
  | { op: 'force'; source: number; strategy?: string }
  | { op: 'lease'; worker: string; kinds: string[]; max: number; seconds: number; sites?: string[] }
  | ({ op: 'beat'; seconds: number } & Lease)
  | { op: 'complete'; worker: string; tasks: { id: string; fence: number; result?: unknown }[] }
  | ({ op: 'fail'; isRetryable: boolean; error: string } & Lease)
  | ({ op: 'release'; delay: number } & Lease)
  | { op: 'cancel'; task: string }
  | { op: 'redrive'; ids?: string[]; kind?: string; limit: number }
  | { op: 'report'; source: number; status: string; run?: number; lease?: Lease }
  | { op: 'error'; source: number; error: string; isBroken: boolean; run?: number; lease?: Lease }
  | { op: 'logs'; source: number; logs: string; run?: number; lease?: Lease }
  | { op: 'ingest'; source: number; items: Item[]; categories: { site: string; n: number }[]; lease?: Lease; key?: string }
  | { op: 'activate'; ids: number[] }
  | { op: 'dispatch'; times?: number }
  | { op: 'idle' }
  | { op: 'sweep' }

export type Answer = Record<string, unknown>
/** What the answer has to be, once the ids of new rows are known. */
export type Expected = Answer | (() => Answer)
/** What the rows show that no contract decides: ids, and what concurrent transactions have left to each other. */
export interface Hints {
  /** The id of the source with this url. */
  idOf(url: string): number
  /** A lease that has run out and is still in the table. */
  isLeft(task: ModelTask): boolean
  /** The sources whose tasks a lease has answered, in order. */
  leased?: number[]
  isDispatched(source: ModelSource): boolean
  isOverlapSeen(source: ModelSource): boolean
}
type Steps = Generator<void, Expected>

const OK = { status: 200 }
const missing = { status: 404, code: 'not_found' }
const stale = { status: 409, code: 'stale_lease' }
const SHOWN: Record<string, string> = { queued: 'pending', paused: 'leased', cancelling: 'leased' }
const shown = (state: string) => SHOWN[state] ?? state
export const categoryUrl = (epoch: string, { site, n }: { site: string; n: number }) => `https://${site}.example/${epoch}/c/${n}`

/** The contract's answer to a fence: undefined where the report goes on. */
const refusalOf = (model: RunsModel, open: ModelRun | undefined, lease: Lease | undefined, ends: boolean): Answer | undefined => {
  const task = open?.task
  if (lease) return task?.id === lease.task && model.holds(task, lease.worker, lease.fence) ? undefined : stale
  return ends && task && task.attempts > 1 && model.isLive(task) ? { ...OK, ignored: true } : undefined
}

function setFields(model: RunsModel, source: ModelSource, { is_active, ...fields }: SourceFields, site = source.site) {
  const { strategy, priority, overlap, config, refresh_interval_hours: hours, schedule } = fields
  const old = { ...source }
  Object.assign(source, { strategy: strategy ?? old.strategy, priority: priority ?? old.priority, overlap: overlap ?? old.overlap, site })
  if (config) source.isWeb = config.worker === 'web'
  source.hours = hours ?? old.hours
  if (schedule !== undefined) source.cron = schedule?.cron ?? null
  if (source.cron !== old.cron || (source.hours !== old.hours && old.cron === null)) {
    const regular =
      source.cron === null ? (old.lastSynced ?? model.now) + source.hours * 3_600_000 : model.regular(source)
    const isPending = old.status === 'error' || (old.lastSynced === null && source.cron === null && old.cron === null)
    source.nextSync = isPending ? Math.min(regular, old.nextSync) : regular
  }
  if (is_active !== undefined && is_active !== old.isActive) switchTo(model, source, is_active)
  // A run that nobody has yet goes out as its source is now.
  const open = model.openOf(source)
  if (open?.status !== 'queued' || open.task?.state !== 'queued') return
  if (open.strategy === old.strategy) open.strategy = source.strategy
  model.describe(open.task, open.strategy)
}
function switchTo(model: RunsModel, source: ModelSource, isActive: boolean) {
  const open = model.openOf(source)
  source.isActive = isActive
  source.isOffSinceStart = !isActive
  if (isActive) {
    Object.assign(source, { status: open?.status ?? 'waiting', before: open ? 'waiting' : null })
    Object.assign(source, { needsFix: false, retries: 0, error: null })
    return
  }
  Object.assign(source, { status: 'disabled', before: open ? 'disabled' : null, queuedAfter: null })
  if (open?.status !== 'queued') return
  model.cancel(source, open, SWITCHED_OFF)
  model.finishTask(open, 'cancelled')
}
const newSource = (model: RunsModel, id: number, url: string, site: string, fields: SourceFields): ModelSource => {
  const cron = fields.schedule?.cron ?? null
  const source: ModelSource = {
    id,
    url,
    site,
    strategy: fields.strategy ?? 'deep',
    priority: fields.priority ?? 50,
    hours: fields.refresh_interval_hours ?? 24,
    cron,
    overlap: fields.overlap ?? 'skip',
    isActive: fields.is_active ?? true,
    status: 'waiting',
    before: null,
    nextSync: cron === null ? model.now : (Math.floor(model.now / (CRONS[cron] as number)) + 1) * (CRONS[cron] as number),
    lastSynced: null,
    retries: 0,
    needsFix: false,
    error: null,
    logs: null,
    stats: null,
    isForced: false,
    isOffSinceStart: false,
    queuedAfter: null,
    isWeb: fields.config?.worker === 'web',
    activatedAt: null,
    runs: [],
  }
  model.sources.push(source)
  return source
}

function lease(model: RunsModel, { worker, kinds, max, seconds, sites }: Extract<Op, { op: 'lease' }>, hints: Hints): Answer | (() => Answer) {
  model.loseLeases(hints.isLeft)
  const offered = model.tasks.filter((task) => model.isOffered(task, kinds, sites))
  const before = (x: ModelTask, y: ModelTask) => model.rank(y) - model.rank(x) || x.runAfter - y.runAfter || x.requeues - y.requeues
  // Beside others a lease may leave what they have locked, but what it takes comes in order.
  const named = hints.leased?.flatMap((id) => offered.find(({ source }) => source.id === id) ?? []).sort(before)
  const first = () => offered.sort((x, y) => before(x, y) || (x.id < y.id ? -1 : 1)).slice(0, max)
  const taken = named ? named.slice(0, max) : first()
  for (const task of taken) model.take(task, worker, seconds * 1000)
  const seen = taken.map((task) => ({ task, fence: task.fence, attempt: task.attempts, strategy: task.strategy, ends: task.leaseEnds }))
  return () => ({
    ...OK,
    tasks: seen.map(({ task, ...at }) => ({
      id: task.id,
      kind: task.kind,
      priority: task.priority,
      source: task.source.id,
      run: task.source.runs.findLast((run) => run.task === task)?.id,
      ...at,
    })),
  })
}

function complete(model: RunsModel, { worker, tasks }: Extract<Op, { op: 'complete' }>): Answer {
  const rejected: [string, string][] = []
  const done: ModelTask[] = []
  for (const { id, fence, result } of new Map(tasks.toReversed().map((item) => [item.id, item])).values()) {
    const task = model.task(id)
    const logs = (result as { logs?: unknown } | undefined)?.logs
    if (!task) rejected.push([id, 'not_found'])
    else if (!model.holds(task, worker, fence)) {
      const isRepeat = task.owner === worker && task.fence === fence && ['complete', 'report'].includes(task.lastEnd ?? '')
      if (!isRepeat || !FINISHED.includes(task.state)) rejected.push([id, 'stale_lease'])
    } else if (logs !== undefined && typeof logs !== 'string') rejected.push([id, 'validation_error'])
    else {
      const run = model.runOf(task) as ModelRun
      if (logs) model.addLogs(task.source, run, logs as string)
      done.push(task)
    }
  }
  for (const task of done) {
    model.complete(task.source, model.runOf(task) as ModelRun, true)
    model.endTask(task, 'completed', 'complete')
  }
  const distinct = new Set(rejected.map(([id]) => id))
  return { ...OK, completed: tasks.filter(({ id }) => !distinct.has(id)).length, rejected: rejected.sort() }
}

function redrive(model: RunsModel, { ids, kind, limit }: Extract<Op, { op: 'redrive' }>): Answer {
  const asked =
    ids ??
    model.tasks
      .filter((task) => task.state === 'dead' && task.kind === kind)
      .map(({ id }) => id)
      .sort()
  let redriven = 0
  const skipped: [string, string][] = []
  for (const id of new Set(asked)) {
    const task = model.task(id)
    if (!task) skipped.push([id, 'not_found'])
    else if (task.state !== 'dead') skipped.push([id, 'not_dead'])
    else if (model.openOf(task.source)) skipped.push([id, 'run_open'])
    else if (redriven === limit) {
      if (ids) skipped.push([id, 'limit'])
    } else {
      Object.assign(task, { state: 'queued', attempts: 0, requeues: 0, runAfter: model.now, lastEnd: null })
      model.open(task.source, 'force', undefined, task)
      redriven++
    }
  }
  return { ...OK, redriven, skipped: skipped.sort() }
}

type Report = Extract<Op, { op: 'report' | 'error' | 'logs' }>
/** A report: undefined when it is for the source's open run, or there is none. */
const reportAside = (model: RunsModel, op: Report, source: ModelSource, ends: boolean): Answer | undefined => {
  const open = model.openOf(source)
  if (op.run !== undefined && open?.id !== op.run) {
    const named = source.runs.find((run) => run.id === op.run)
    if (!named) return missing
    if (op.op === 'logs') model.addLogs(source, named, op.logs)
    return { ...OK, ignored: true }
  }
  return refusalOf(model, open, op.lease, ends)
}
function report(model: RunsModel, op: Report): Answer {
  const source = model.source(op.source)
  if (!source) return missing
  const ends = op.op === 'error' || (op.op === 'report' && ['waiting', 'error', 'broken'].includes(op.status))
  const aside = reportAside(model, op, source, ends)
  if (aside) return aside
  const open = model.openOf(source)
  const endBadly = (text: string, isBroken: boolean) => {
    if (!open) return model.errorWithoutRun(source, text, isBroken)
    model.fail(source, open, 'failed', text, isBroken)
    model.finishTask(open, 'failed')
  }
  if (op.op === 'logs') {
    const run = model.addLogs(source, undefined, op.logs)
    if (run && isOpen(run)) run.lastActivity = model.now
  } else if (op.op === 'error') endBadly(op.error, op.isBroken)
  else if (op.status === 'queued') source.status = 'queued'
  else if (op.status === 'running' && open) {
    model.pauseTask(open)
    model.start(source, open)
  } else if (op.status === 'running') {
    source.before = source.status
    source.status = 'running'
    model.addRun(source, { status: 'running', trigger: 'worker', started: model.now, hasReport: true })
  } else if (op.status !== 'waiting') endBadly(`the worker reported ${op.status}`, op.status === 'broken')
  else if (open) {
    model.complete(source, open, true)
    // Of elements that were all refused, the run has failed but the worker has done its work.
    model.finishTask(open, 'completed')
  } else if (['queued', 'running'].includes(source.status)) source.status = 'waiting'
  return OK
}

function ingest(model: RunsModel, op: Extract<Op, { op: 'ingest' }>, epoch: string, hints: Hints): Expected {
  if (op.source !== 0 && !model.source(op.source)) return missing
  const good = op.items.filter(({ isBad }) => !isBad)
  const rejected = op.items.length - good.length
  const isRefused = rejected > 0 && good.length + op.categories.length === 0
  const body = JSON.stringify([op.source, op.items, op.categories])
  const known = op.key === undefined ? undefined : model.keys.get(op.key)
  if (known && known.at + DAY > model.now && !isRefused)
    return known.body === body ? () => ({ ...known.answer(), replayed: true }) : { status: 422, code: 'idempotency_conflict' }

  const sites = new Set([...(isRefused ? op.items : good), ...op.categories].map(({ site }) => site))
  let source = op.source === 0 ? undefined : model.source(op.source)
  if (op.lease) {
    const task = model.task(op.lease.task)
    if (!model.holds(task, op.lease.worker, op.lease.fence)) return stale
    source = task.source
  } else if (op.source === 0 && sites.size === 1) {
    const [site] = sites
    const running = model.sources.filter((one) => one.site === site && model.openOf(one)?.status === 'running')
    source = running.length === 1 ? running[0] : undefined
  }
  const open = source && model.openOf(source)
  if (isRefused) {
    const run = open ?? (source && model.ingestRunOf(source))
    if (run) Object.assign(run, { rejected: run.rejected + rejected, lastActivity: model.now })
    return { status: 422, code: 'validation_error' }
  }

  const counts = { new: 0, updated: 0, unchanged: 0 }
  const first = new Map(good.toReversed().map((item) => [`${item.site}/${item.n}`, item.version]))
  for (const [id, version] of first) {
    const stored = model.products.get(id)
    counts[stored === undefined ? 'new' : stored === version ? 'unchanged' : 'updated']++
    if (stored !== version) model.prices++
    model.products.set(id, version)
  }
  const urls = [...new Set(op.categories.map((category) => categoryUrl(epoch, category)))]
  const found = urls.filter((url) => !model.sources.some((one) => one.url === url))
  const left = QUOTA - model.sources.filter(({ activatedAt }) => activatedAt !== null && activatedAt > model.now - DAY).length
  for (const [n, url] of found.entries()) {
    const isActive = n < left
    const site = new URL(url).hostname.split('.')[0] as string
    const created = newSource(model, hints.idOf(url), url, site, { is_active: isActive, config: source?.isWeb ? { worker: 'web' } : {} })
    Object.assign(created, isActive ? { activatedAt: model.now } : { status: 'discovered' })
  }

  let run: ModelRun | undefined
  if (source) {
    run = open ?? model.ingestRunOf(source) ?? model.addRun(source, { status: 'completed', trigger: 'ingest', started: model.now })
    run.scraped += first.size
    run.new += counts.new
    run.updated += counts.updated
    run.unchanged += counts.unchanged
    run.categories += found.length
    run.rejected += rejected
    run.lastActivity = model.now
    if (open) {
      model.pauseTask(open)
      if (open.status === 'queued') Object.assign(open, { status: 'running', started: open.started ?? model.now })
      source.status = 'running'
    } else {
      run.finished = model.now
      Object.assign(source, { lastSynced: model.now, stats: model.stats(run) })
      if (source.status !== 'error') source.nextSync = model.regular(source)
      if (!['disabled', 'broken', 'discovered', 'error'].includes(source.status)) source.status = 'waiting'
    }
  } else model.loose += first.size
  const answer = () => ({ ...OK, ...counts, duplicate: good.length - first.size, categories: found.length, rejected, run: run?.id ?? null })
  if (op.key !== undefined) model.keys.set(op.key, { body, at: model.now, answer })
  return answer
}

/** Does a command to the model. Each `yield` is a commit in the middle: what was done before it stands, whatever comes. */
export function* stepsOf(model: RunsModel, op: Op, epoch: string, hints: Hints): Steps {
  const source = 'source' in op && op.op !== 'ingest' ? model.source(op.source) : undefined
  if ('source' in op && op.op !== 'ingest' && !source) return missing
  switch (op.op) {
    case 'save': {
      const known = model.sources.find(({ url }) => url === op.url)
      // Null and absent fields keep their value.
      const { schedule, ...fields } = op.fields
      if (known) setFields(model, known, schedule ? { ...fields, schedule } : fields, op.site)
      else newSource(model, hints.idOf(op.url), op.url, op.site, op.fields)
      return OK
    }
    case 'patch':
      setFields(model, source as ModelSource, op.fields)
      return OK
    case 'toggle':
      switchTo(model, source as ModelSource, op.isActive)
      return OK
    case 'force':
      return force(model, source as ModelSource, op.strategy)
    case 'lease':
      return lease(model, op, hints)
    case 'complete':
      return complete(model, op)
    case 'redrive':
      return redrive(model, op)
    case 'report':
    case 'error':
    case 'logs':
      return report(model, op)
    case 'ingest':
      return ingest(model, op, epoch, hints)
    case 'beat':
    case 'fail':
    case 'release':
    case 'cancel':
      return speak(model, op)
    case 'activate': {
      const chosen = op.ids.flatMap((id) => model.source(id) ?? []).filter(({ status }) => status === 'discovered')
      for (const one of chosen) Object.assign(one, { isActive: true, status: 'waiting', nextSync: model.now })
      return { ...OK, activated: chosen.length, skipped: op.ids.length - chosen.length }
    }
    case 'sweep':
      return { expired: model.loseLeases(hints.isLeft) }
    case 'idle': {
      const ended = model.sources.filter((one) => {
        const open = model.openOf(one)
        return open && model.endIdle(one, open)
      })
      return { ended: ended.length }
    }
    case 'dispatch':
      return yield* dispatch(model, op.times ?? 1, hints)
  }
}

function force(model: RunsModel, source: ModelSource, strategy: string | undefined): Expected {
  const open = model.openOf(source)
  if (!open) {
    const run = model.open(source, 'force', strategy ?? source.strategy)
    return () => ({ ...OK, run: run.id, task: run.task?.id })
  }
  if (open.status === 'queued') {
    if (strategy && open.task?.state === 'queued') {
      open.strategy = strategy
      model.describe(open.task, strategy)
    }
    return () => ({ ...OK, run: open.id, task: open.task?.id ?? null })
  }
  if (source.overlap === 'skip') {
    model.addRun(source, { status: 'skipped', trigger: 'force', reason: 'overlap', finished: model.now })
    return () => ({ status: 409, code: 'already_running', run: open.id, task: open.task?.id ?? null })
  }
  source.queuedAfter = 'force'
  return () => ({ ...OK, run: null, task: null, after: open.id })
}

/** What holders and operators say of one task. */
function speak(model: RunsModel, op: Extract<Op, { op: 'beat' | 'fail' | 'release' | 'cancel' }>): Answer {
  const task = model.task(op.task)
  if (!task) return missing
  if (op.op === 'cancel') {
    if (FINISHED.includes(task.state)) return { status: 409, code: 'already_finished' }
    if (isHeld(task)) {
      task.state = 'cancelling'
      return { ...OK, state: 'cancel_requested' }
    }
    model.cancel(task.source, model.runOf(task) as ModelRun, null)
    model.endTask(task, 'cancelled', 'cancel')
    return { ...OK, state: 'cancelled' }
  }
  if (!model.holds(task, op.worker, op.fence)) {
    const isRepeat = task.owner === op.worker && task.fence === op.fence && ['fail', 'report'].includes(task.lastEnd ?? '')
    return op.op === 'fail' && isRepeat ? { ...OK, state: shown(task.state) } : stale
  }
  if (op.op === 'beat') {
    task.leaseEnds = model.now + op.seconds * 1000
    return { ...OK, ends: task.leaseEnds, isCancelled: task.state === 'cancelling' }
  }
  if (op.op === 'release') {
    model.give(task, op.delay * 1000)
    return OK
  }
  const run = model.runOf(task) as ModelRun
  const state = task.state === 'cancelling' ? 'cancelled' : 'failed'
  if (state === 'cancelled') model.cancel(task.source, run, null)
  else model.fail(task.source, run, 'failed', op.error, !op.isRetryable)
  model.endTask(task, state, 'fail')
  return { ...OK, state }
}

/** Several dispatches at the same time open what one after the other would. */
function* dispatch(model: RunsModel, times: number, hints: Hints): Steps {
  const total = { dispatched: 0, skipped: 0 }
  for (let time = 0; time < times; time++) {
    const met = model.sources.filter((one) => one.cron !== null && model.isDue(one) && model.openOf(one) && hints.isOverlapSeen(one))
    for (const source of met) {
      source.nextSync = model.regular(source)
      if (source.overlap === 'skip') {
        model.addRun(source, { status: 'skipped', trigger: 'schedule', reason: 'overlap', finished: model.now })
        total.skipped++
      } else source.queuedAfter ??= 'schedule'
    }
    for (;;) {
      yield
      const due = model.sources
        .filter((one) => model.isDue(one) && !model.openOf(one) && hints.isDispatched(one))
        .sort((x, y) => y.priority - x.priority || x.nextSync - y.nextSync || x.id - y.id)
        .slice(0, PER_TICK)
      if (due.length === 0) break
      for (const source of due) model.open(source, 'schedule')
      total.dispatched += due.length
    }
  }
  return total
}
