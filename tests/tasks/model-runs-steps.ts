import {
  FINISHED,
  isHeld,
  isOpen,
  type Lease,
  type ModelRun,
  type ModelSource,
  type ModelTask,
  PER_TICK,
  type RunsModel,
} from './model-runs.ts'
import { type Answer, type Expected, type Hints, missing, OK, type Op, stale } from './model-runs-ops.ts'
import { ingest, newSource, setFields, switchTo } from './model-runs-sources.ts'

type Steps = Generator<void, Expected>

const SHOWN: Record<string, string> = { queued: 'pending', paused: 'leased', cancelling: 'leased' }
const shown = (state: string) => SHOWN[state] ?? state

/** The contract's answer to a fence: undefined where the report counts. */
const refusalOf = (model: RunsModel, open: ModelRun | undefined, lease: Lease | undefined, ends: boolean): Answer | undefined => {
  const task = open?.task
  if (lease) return task && task.id === lease.task && model.holds(task, lease.worker, lease.fence) ? undefined : stale
  return ends && task && task.attempts > 1 && model.isLive(task) ? { ...OK, ignored: true } : undefined
}

function lease(
  model: RunsModel,
  { worker, kinds, max, seconds, sites }: Extract<Op, { op: 'lease' }>,
  hints: Hints,
): Answer | (() => Answer) {
  model.loseLeases(hints.isLeft)
  const offered = model.tasks.filter((task) => model.isOffered(task, kinds, sites))
  const before = (x: ModelTask, y: ModelTask) =>
    model.rank(y) - model.rank(x) || x.runAfter - y.runAfter || x.requeues - y.requeues
  // Beside others a lease may leave what they have locked, but what it takes comes in order.
  const named = hints.leased?.flatMap((id) => offered.find(({ source }) => source.id === id) ?? []).sort(before)
  const first = () => offered.sort((x, y) => before(x, y) || (x.id < y.id ? -1 : 1)).slice(0, max)
  const taken = named ? named.slice(0, max) : first()
  for (const task of taken) model.take(task, worker, seconds * 1000)
  const seen = taken.map((task) => ({
    task,
    fence: task.fence,
    attempt: task.attempts,
    strategy: task.strategy,
    ends: task.leaseEnds,
  }))
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
  return { ...OK, completed: new Set(tasks.flatMap(({ id }) => (distinct.has(id) ? [] : [id]))).size, rejected: rejected.sort() }
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
      return { expired: Math.min(model.loseLeases(hints.isLeft), hints.expired ?? Number.POSITIVE_INFINITY) }
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
    const met = model.sources.filter(
      (one) => one.cron !== null && model.isDue(one) && model.openOf(one) && hints.isOverlapSeen(one),
    )
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
