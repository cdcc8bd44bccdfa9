import type { Clock } from '../../platform/clock.ts'
import type { Db } from '../../platform/db/index.ts'
import { createLru } from '../../platform/shared.ts'
import type { TaskState, TaskStateChange } from '../../tasks/index.ts'

/** Runs whose end was seen: a late report about one is no second end. */
const ENDED_KEPT = 20_000
const MAX_ERROR = 300

/** A run as it stands after it has changed. */
export interface ChangedRun {
  id: number
  taskId: string | null
  sourceId: number
  siteKey: string
  status: string
  strategy: string
  trigger: string
  workerId: string | null
  itemsScraped: number
  itemsNew: number
  itemsUpdated: number
  itemsRejected: number
  pagesFailed: number
  isPartial: boolean
  error: string | null
}
/** What one look at the changes of this process came to. */
export interface Activity {
  /** Milliseconds. */
  at: number
  /** Tasks that came to each state, by kind. */
  tasks: Map<string, Map<TaskState, number>>
  /** How long leased tasks had been ready: ms in all, and how many they are. */
  waited: { totalMs: number; count: number }
  runs: { run: ChangedRun; type: 'run.queued' | 'run.started' | 'run.progress' | 'run.ended' }[]
}

type Row = { [K in keyof ChangedRun]: ChangedRun[K] | string }
const NUMBERS = ['id', 'sourceId', 'itemsScraped', 'itemsNew', 'itemsUpdated', 'itemsRejected', 'pagesFailed'] as const
const COLUMNS = `r.id, r.task_id as "taskId", r.source_id as "sourceId", r.site_key as "siteKey", r.status, r.strategy, r.trigger,
  r.worker_id as "workerId", r.items_scraped as "itemsScraped", r.items_new as "itemsNew", r.items_updated as "itemsUpdated",
  r.items_rejected as "itemsRejected", r.pages_failed as "pagesFailed",
  (r.items_rejected > 0 or r.pages_failed > 0 or r.outcome_reason is not null) as "isPartial", substr(coalesce(r.error, r.reason), 1, ${MAX_ERROR}) as error`

/**
 * Looks at the tasks and runs that this process has changed, together: once for many changes, so that what is shown and
 * counted costs the writers next to nothing (operations §6, §7).
 */
export const createActivity = ({
  db,
  clock,
  takeTasks,
  takeRuns,
}: {
  db: Db
  clock: Clock
  /** What tasks came to in this process since the last call. */
  takeTasks(): TaskStateChange[]
  /** Ids of the runs that this process has changed since the last call. */
  takeRuns(): number[]
}) => {
  const { inList } = db.fragments
  const kindsOf = db.statement<{ id: string; kind: string }>(
    'activity_kinds',
    `select t.id, t.kind from tasks t where ${inList('t.id', 'ids', 'uuid')}`,
  )
  const runsOfTasks = db.statement<Row>(
    'activity_runs_of_tasks',
    `select ${COLUMNS} from parsing_runs r where ${inList('r.task_id', 'ids', 'uuid')}`,
  )
  const runsById = db.statement<Row>(
    'activity_runs',
    `select ${COLUMNS} from parsing_runs r where ${inList('r.id', 'ids', 'bigint')}`,
  )

  const ended = createLru<number, true>(ENDED_KEPT)
  const toRun = (row: Row): ChangedRun => {
    const run = { ...row, isPartial: Boolean(row.isPartial) } as ChangedRun
    // Postgres answers 64-bit integers as texts.
    for (const name of NUMBERS) run[name] = Number(run[name])
    return run
  }
  const typeOf = (run: ChangedRun, started: ReadonlySet<string>) => {
    if (run.status === 'queued') return 'run.queued'
    if (run.status === 'running') return run.taskId !== null && started.has(run.taskId) ? 'run.started' : 'run.progress'
    // Batches without a run go on adding to one that has ended.
    if (run.trigger === 'ingest' && ended.has(run.id)) return 'run.progress'
    return ended.has(run.id) ? undefined : 'run.ended'
  }

  return {
    /** Looks at what has changed since the last look; undefined when nothing has. */
    async look(): Promise<Activity | undefined> {
      const seen = takeTasks()
      const ids = takeRuns()
      if (seen.length === 0 && ids.length === 0) return undefined
      const unknown = [...new Set(seen.flatMap(({ id, kind }) => (kind === undefined ? [id] : [])))]
      const known = new Map(seen.flatMap(({ id, kind }) => (kind === undefined ? [] : [[id, kind] as const])))
      for (const { id, kind } of unknown.length > 0 ? await kindsOf.all({ ids: unknown }) : []) known.set(id, kind)
      const tasks: Activity['tasks'] = new Map()
      const waited = { totalMs: 0, count: 0 }
      const started = new Set<string>()
      const ofRuns = new Set<string>()
      for (const { id, state, waitedMs } of seen) {
        const kind = known.get(id)
        if (kind === undefined) continue
        const states = tasks.get(kind) ?? new Map<TaskState, number>()
        tasks.set(kind, states)
        states.set(state, (states.get(state) ?? 0) + 1)
        if (kind.startsWith('source.run')) ofRuns.add(id)
        if (state === 'leased') started.add(id)
        if (waitedMs === undefined) continue
        waited.totalMs += waitedMs
        waited.count++
      }
      const [byTask, byId] = await Promise.all([
        ofRuns.size > 0 ? runsOfTasks.all({ ids: [...ofRuns] }) : [],
        ids.length > 0 ? runsById.all({ ids }) : [],
      ])
      const rows = new Map([...byTask, ...byId].map((row) => [Number(row.id), toRun(row)]))
      const runs: Activity['runs'] = []
      for (const run of [...rows.values()].sort((a, b) => a.id - b.id)) {
        const type = typeOf(run, started)
        if (type === undefined) continue
        if (type === 'run.ended') ended.set(run.id, true)
        runs.push({ run, type })
      }
      return { at: clock.now(), tasks, waited, runs }
    },
  }
}
