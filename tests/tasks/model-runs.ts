import { HOUR, MINUTE } from '../support/fake-clock.ts'

/**
 * Sources, their runs and the tasks of these as the contract describes them (gifty §2 to §4), in memory and without the app's code: what the
 * app is compared with. Times are epoch milliseconds.
 */

/** The share by which a retry is later than its least delay: `random` of the app is 0.5, of at most 20 % (fleet B7). */
const SPREAD = 1.1
export const QUOTA = 3
export const PER_TICK = 2
export const IDLE_MS = 5400_000
const SAME_RUN_MS = 10 * MINUTE
const MAX_ATTEMPTS = 5
/** Periods of the cron texts in use, of which each begins anew at a full hour in UTC. */
export const CRONS: Record<string, number> = { '*/30 * * * *': 30 * MINUTE, '0 * * * *': HOUR }
export const SWITCHED_OFF = 'The source was switched off'

export interface ModelSource {
  id: number
  url: string
  site: string
  strategy: string
  priority: number
  hours: number
  cron: string | null
  overlap: string
  isActive: boolean
  status: string
  /** The status before the open run, or what it was set to since. */
  before: string | null
  nextSync: number
  lastSynced: number | null
  retries: number
  needsFix: boolean
  error: string | null
  logs: string | null
  stats: Record<string, unknown> | null
  isForced: boolean
  isOffSinceStart: boolean
  queuedAfter: 'schedule' | 'force' | null
  isWeb: boolean
  activatedAt: number | null
  runs: ModelRun[]
}
export interface ModelRun {
  /** 0 until the database has been read. */
  id: number
  status: string
  strategy: string
  trigger: string
  reason: string | null
  error: string | null
  logs: string | null
  scraped: number
  new: number
  updated: number
  unchanged: number
  categories: number
  rejected: number
  hasReport: boolean
  started: number | null
  finished: number | null
  lastActivity: number
  task: ModelTask | null
}
export interface ModelTask {
  /** Empty until the database has been read. */
  id: string
  source: ModelSource
  kind: string
  priority: number
  site: string
  strategy: string
  state: string
  attempts: number
  fence: number
  owner: string | null
  leaseEnds: number | null
  runAfter: number
  requeues: number
  lastEnd: string | null
}
export interface ModelKey {
  body: string
  at: number
  answer: () => object
}
export interface Note {
  source: number
  isBroken: boolean
}
/** The fence of a report or batch. */
export interface Lease {
  task: string
  worker: string
  fence: number
}

export const isOpen = (run: ModelRun) => run.status === 'queued' || run.status === 'running'
export const isHeld = (task: ModelTask) => task.state === 'leased' || task.state === 'cancelling'
export const FINISHED = ['completed', 'failed', 'cancelled', 'dead']
const joined = (before: string | null, text: string) => (before ? `${before}\n${text}` : text)

export class RunsModel {
  now = 0
  sources: ModelSource[] = []
  tasks: ModelTask[] = []
  notes: Note[] = []
  /** Versions of stored products, by site and number. */
  products = new Map<string, number>()
  prices = 0
  loose = 0
  keys = new Map<string, ModelKey>()

  source = (id: number) => this.sources.find((source) => source.id === id)
  task = (id: string) => this.tasks.find((task) => task.id === id)
  openOf = (source: ModelSource) => source.runs.find(isOpen)
  /** The newest run that was not skipped. */
  newestOf = (source: ModelSource) => source.runs.findLast((run) => run.status !== 'skipped')
  holds = (task: ModelTask, worker: string, fence: number) => this.isLive(task) && task.owner === worker && task.fence === fence
  isLive = (task: ModelTask) => isHeld(task) && (task.leaseEnds as number) > this.now
  runOf = (task: ModelTask) => task.source.runs.find((run) => isOpen(run) && run.task === task)

  regular = ({ cron, hours }: Pick<ModelSource, 'cron' | 'hours'>): number => {
    if (cron === null) return this.now + hours * HOUR
    const period = CRONS[cron] as number
    return (Math.floor(this.now / period) + 1) * period
  }

  addRun(source: ModelSource, more: Partial<ModelRun> & Pick<ModelRun, 'status' | 'trigger'>): ModelRun {
    const run: ModelRun = {
      id: 0,
      strategy: source.strategy,
      reason: null,
      error: null,
      logs: null,
      scraped: 0,
      new: 0,
      updated: 0,
      unchanged: 0,
      categories: 0,
      rejected: 0,
      hasReport: false,
      started: null,
      finished: null,
      lastActivity: this.now,
      task: null,
      ...more,
    }
    source.runs.push(run)
    return run
  }
  /** What a queued task holds of its source (fleet A5). */
  describe(task: ModelTask, strategy: string) {
    const { source } = task
    Object.assign(task, {
      kind: source.isWeb ? 'source.run.web' : 'source.run',
      priority: source.priority,
      site: source.site,
      strategy,
    })
  }
  /** Opens a queued run with its task, or with a task that lives again. */
  open(source: ModelSource, trigger: 'schedule' | 'force', strategy = source.strategy, revived?: ModelTask): ModelRun {
    const task: ModelTask = revived ?? {
      id: '',
      source,
      kind: '',
      priority: 0,
      site: '',
      strategy,
      state: 'queued',
      attempts: 0,
      fence: 0,
      owner: null,
      leaseEnds: null,
      runAfter: this.now,
      requeues: 0,
      lastEnd: null,
    }
    if (!revived) this.tasks.push(task)
    this.describe(task, strategy)
    if (source.cron === null) source.nextSync = this.now + (trigger === 'schedule' ? 15 : 30) * MINUTE
    else if (trigger === 'schedule') source.nextSync = this.regular(source)
    Object.assign(source, {
      before: source.status,
      status: 'queued',
      queuedAfter: null,
      isForced: trigger === 'force',
      isOffSinceStart: false,
    })
    return this.addRun(source, { status: 'queued', trigger, strategy, task })
  }
  /** Overlap `queue_one`: one run starts when the open one has ended. */
  private openWaiting(source: ModelSource) {
    const trigger = source.queuedAfter
    source.queuedAfter = null
    if (trigger && (source.isActive || trigger === 'force')) this.open(source, trigger)
  }
  private close(run: ModelRun, status: string, error: string | null) {
    Object.assign(run, { status, finished: this.now, lastActivity: this.now, error: error ?? run.error })
  }

  start(source: ModelSource, run: ModelRun) {
    if (run.status === 'queued') run.started ??= this.now
    Object.assign(run, { status: 'running', hasReport: true, lastActivity: this.now })
    source.status = 'running'
  }
  stats = (run: ModelRun) => ({
    ...(run.scraped > 0 || run.strategy !== 'discovery'
      ? { processed_items: run.scraped, new_items: run.new }
      : { status: 'discovery_completed', categories_found: run.categories }),
    ...(run.rejected > 0 ? { rejected: run.rejected } : {}),
  })

  complete(source: ModelSource, run: ModelRun, byReport: boolean) {
    if (run.rejected > 0 && run.scraped === 0 && run.categories === 0)
      return this.fail(source, run, 'failed', `All ${run.rejected} elements were rejected`, false)
    if (byReport && run.strategy === 'deep' && run.scraped === 0 && run.rejected === 0) {
      const earlier = source.runs.slice(0, source.runs.indexOf(run))
      const last = earlier.findLast(
        ({ status, strategy, trigger }) => status === 'completed' && strategy === run.strategy && trigger !== 'ingest',
      )
      if (last && last.scraped > 0) {
        run.error ??= `The run brought nothing; the one before brought ${last.scraped} items`
        this.notes.push({ source: source.id, isBroken: false })
      }
    }
    run.started ??= this.now
    run.hasReport ||= byReport
    this.close(run, 'completed', null)
    Object.assign(source, {
      status: source.isActive ? 'waiting' : (source.before ?? source.status),
      before: null,
      nextSync: this.regular(source),
      lastSynced: this.now,
      retries: 0,
      error: null,
      stats: this.stats(run),
      isForced: false,
    })
    this.openWaiting(source)
  }
  countError(source: ModelSource, text: string, isBroken: boolean) {
    const breaks = isBroken || source.retries >= 3
    if (breaks) Object.assign(source, { status: 'broken', isActive: false, needsFix: true, retries: 0 })
    else {
      const shown = source.isActive ? [source.status] : [source.status, source.before]
      source.status = shown.find((status) => status === 'disabled' || status === 'broken') ?? 'error'
      source.retries++
      source.nextSync = this.now + Math.round(10 * MINUTE * source.retries * SPREAD)
    }
    Object.assign(source, { before: null, error: text, isForced: false })
    this.notes.push({ source: source.id, isBroken: breaks })
  }
  fail(source: ModelSource, run: ModelRun, status: 'failed' | 'lost', text: string, isBroken: boolean) {
    run.hasReport = true
    this.close(run, status, text)
    this.countError(source, text, isBroken)
    this.openWaiting(source)
  }
  cancel(source: ModelSource, run: ModelRun, reason: string | null) {
    this.close(run, 'cancelled', reason)
    Object.assign(source, { status: source.before ?? 'waiting', before: null, isForced: false })
    this.openWaiting(source)
  }
  /** Ends a lease without a verdict: the run is offered again, unless its source was switched off meanwhile. */
  private requeue(task: ModelTask, how: string) {
    const run = this.runOf(task) as ModelRun
    const { source } = task
    if (source.isOffSinceStart) {
      this.cancel(source, run, SWITCHED_OFF)
      return this.endTask(task, 'cancelled', how)
    }
    Object.assign(run, { status: 'queued', lastActivity: this.now })
    source.status = 'queued'
    this.endTask(task, 'queued', how)
    this.describe(task, run.strategy)
  }
  endTask(task: ModelTask, state: string, how: string | null) {
    Object.assign(task, { state, leaseEnds: null, lastEnd: how ?? task.lastEnd })
    if (state !== 'queued') return
    task.runAfter = this.now
    task.requeues++
  }
  /** Ends a run's task because a report or a sweep has closed the run. */
  finishTask(run: ModelRun, state: string) {
    if (run.task && !FINISHED.includes(run.task.state)) this.endTask(run.task, state, 'report')
  }
  /** Takes a queued task off the offer: someone works on its run without a lease. */
  pauseTask(run: ModelRun) {
    if (run.status === 'queued' && run.task?.state === 'queued') run.task.state = 'paused'
  }

  /** Ends leases that have run out, but for those that `isLeft` names: a transaction leaves what another one has locked. */
  loseLeases(isLeft: (task: ModelTask) => boolean = () => false): number {
    const lost = this.tasks
      .filter((task) => isHeld(task) && !this.isLive(task) && !isLeft(task))
      .sort((x, y) => (x.leaseEnds as number) - (y.leaseEnds as number) || (x.id < y.id ? -1 : 1))
    for (const task of lost) {
      const run = this.runOf(task) as ModelRun
      if (task.state === 'cancelling') {
        this.cancel(task.source, run, null)
        this.endTask(task, 'cancelled', 'expiry')
      } else if (task.attempts >= MAX_ATTEMPTS) {
        this.fail(task.source, run, 'lost', 'the worker was lost in every attempt', false)
        this.endTask(task, 'dead', 'expiry')
      } else this.requeue(task, 'expiry')
    }
    return lost.length
  }
  give(task: ModelTask, delayMs: number) {
    if (task.state === 'cancelling') {
      this.cancel(task.source, this.runOf(task) as ModelRun, null)
      return this.endTask(task, 'cancelled', 'release')
    }
    task.attempts--
    this.requeue(task, 'release')
    if (task.state === 'queued') task.runAfter = this.now + delayMs
  }
  /** What a lease goes by: a priority rises by one a minute, by 100 at most. */
  rank = (task: ModelTask) => task.priority + Math.min(100, Math.floor((this.now - task.runAfter) / MINUTE))
  isOffered = (task: ModelTask, kinds: readonly string[], sites: readonly string[] | undefined) =>
    task.state === 'queued' && kinds.includes(task.kind) && task.runAfter <= this.now && (!sites || sites.includes(task.site))
  take(task: ModelTask, worker: string, leaseMs: number) {
    Object.assign(task, { state: 'leased', owner: worker, leaseEnds: this.now + leaseMs, lastEnd: null })
    task.attempts++
    task.fence++
    this.start(task.source, this.runOf(task) as ModelRun)
  }

  isDue = (source: ModelSource) =>
    source.isActive && source.nextSync <= this.now && !['disabled', 'broken', 'discovered'].includes(source.status)

  /** An error without an open run: one that repeats the last failure is added to it and not counted again. */
  errorWithoutRun(source: ModelSource, text: string, isBroken: boolean) {
    const newest = this.newestOf(source)
    const isRepeat =
      newest?.started != null &&
      (newest.status === 'failed' || newest.status === 'lost') &&
      this.now - (newest.finished as number) < SAME_RUN_MS
    if (newest && isRepeat) {
      newest.error = joined(newest.error, text)
      source.error = joined(source.error, text)
      if (isBroken && source.status !== 'broken')
        Object.assign(source, { status: 'broken', isActive: false, needsFix: true, retries: 0 })
      return
    }
    this.addRun(source, { status: 'failed', trigger: 'worker', error: text, hasReport: true, finished: this.now })
    this.countError(source, text, isBroken)
  }
  /** The `ingest` run that a batch without an open run joins. */
  ingestRunOf = (source: ModelSource): ModelRun | undefined => {
    const newest = this.newestOf(source)
    return newest?.trigger === 'ingest' && this.now - newest.lastActivity <= SAME_RUN_MS ? newest : undefined
  }
  addLogs(source: ModelSource, named: ModelRun | undefined, text: string) {
    const newest = this.newestOf(source)
    const run = named ?? this.openOf(source) ?? newest
    if (!run) {
      source.logs = joined(source.logs, text)
      return
    }
    run.logs = joined(run.logs, text)
    if (run === newest) source.logs = run.logs
    return run
  }
  endIdle(source: ModelSource, run: ModelRun): boolean {
    const idle = this.now - run.lastActivity
    if (run.status !== 'running' || (run.task && isHeld(run.task))) return false
    if (!run.hasReport) {
      if (idle < SAME_RUN_MS) return false
      this.complete(source, run, false)
      this.finishTask(run, 'completed')
      return true
    }
    if (idle < IDLE_MS) return false
    this.fail(source, run, 'lost', `no word from the worker for ${Math.round(idle / 1000)} s`, false)
    this.finishTask(run, 'dead')
    return true
  }
}
