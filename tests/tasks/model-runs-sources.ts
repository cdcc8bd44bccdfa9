import { DAY } from '../support/fake-clock.ts'
import { CRONS, type ModelRun, type ModelSource, QUOTA, type RunsModel, SWITCHED_OFF } from './model-runs.ts'
import { categoryUrl, type Expected, type Hints, missing, OK, type Op, type SourceFields, stale } from './model-runs-ops.ts'

/** How sources come to be and change: by operators, and by batches (gifty §2.2, §3). */
export function setFields(model: RunsModel, source: ModelSource, { is_active, ...fields }: SourceFields, site = source.site) {
  const { strategy, priority, overlap, config, refresh_interval_hours: hours, schedule } = fields
  const old = { ...source }
  Object.assign(source, {
    strategy: strategy ?? old.strategy,
    priority: priority ?? old.priority,
    overlap: overlap ?? old.overlap,
    site,
  })
  if (config) source.isWeb = config.worker === 'web'
  source.hours = hours ?? old.hours
  if (schedule !== undefined) source.cron = schedule?.cron ?? null
  if (source.cron !== old.cron || (source.hours !== old.hours && old.cron === null)) {
    const regular = source.cron === null ? (old.lastSynced ?? model.now) + source.hours * 3_600_000 : model.regular(source)
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
export function switchTo(model: RunsModel, source: ModelSource, isActive: boolean) {
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
export const newSource = (model: RunsModel, id: number, url: string, site: string, fields: SourceFields): ModelSource => {
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

export function ingest(model: RunsModel, op: Extract<Op, { op: 'ingest' }>, epoch: string, hints: Hints): Expected {
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
    if (!task || !model.holds(task, op.lease.worker, op.lease.fence)) return stale
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
    const created = newSource(model, hints.idOf(url), url, site, {
      is_active: isActive,
      config: source?.isWeb ? { worker: 'web' } : {},
    })
    Object.assign(created, isActive ? { activatedAt: model.now } : { status: 'discovered' })
  }

  let run: ModelRun | undefined
  if (source) {
    run =
      open ?? model.ingestRunOf(source) ?? model.addRun(source, { status: 'completed', trigger: 'ingest', started: model.now })
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
  const answer = () => ({
    ...OK,
    ...counts,
    duplicate: good.length - first.size,
    categories: found.length,
    rejected,
    run: run?.id ?? null,
  })
  if (op.key !== undefined) model.keys.set(op.key, { body, at: model.now, answer })
  return answer
}
