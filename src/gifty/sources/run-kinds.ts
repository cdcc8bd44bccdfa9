import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import { defineKind, type KindHooks, type KindPolicy, type Refusal, type Task, type TaskChange } from '../../tasks/index.ts'
import type { SourcesRepository } from './repository.ts'
import type { RunRow } from './row.ts'
import { runStatements } from './run-statements.ts'
import {
  allRejected,
  cancelRun,
  completeRun,
  failRun,
  noteEmpty,
  openRun,
  type RunDraft,
  type RunDrafts,
  requeueRun,
  tail,
  taskOf,
} from './runs.ts'

/** Where a broker announces source tasks to foreign spiders (gifty §2.7). */
const TASKS_QUEUE = 'parsing_tasks'

export interface RunKindsDeps {
  db: Db
  repository: SourcesRepository
  drafts: RunDrafts
  /** 0..1, for the spread of retries. */
  random(): number
}
type OpenDraft = RunDraft & { run: RunRow }

/** The kinds of source tasks, and what the engine's events do to their runs, in sets (gifty §4). */
export const createRunKinds = ({ repository, drafts, random }: RunKindsDeps) => {
  /** Changes the open runs of a set of tasks. */
  function* change(tx: Tx, tasks: Task[], step: (draft: OpenDraft, task: Task) => void, now: Date): Steps<void> {
    const open = yield* drafts.ofTasks(
      tx,
      tasks.map((task) => task.id),
    )
    for (const task of tasks) {
      const draft = open.get(task.id)
      if (draft) step(draft, task)
    }
    yield* drafts.save(tx, open.values(), now)
  }
  /** How a task moves whose run is offered again: as its source is now, or not at all. */
  const moveOf = (draft: OpenDraft, now: Date): { state: 'queued' | 'cancelled'; change?: TaskChange } => {
    const state = requeueRun(draft, now)
    return state === 'queued' ? { state, change: { ...taskOf(draft.source, draft.run) } } : { state }
  }

  /**
   * Completes runs, or fails those of which every element was refused. A deep one that a worker has reported (`reported`) without an item is
   * compared with the one before it.
   */
  function* completeRuns(tx: Tx, open: OpenDraft[], now: Date, reported = true): Steps<void> {
    const empty = open.filter(
      ({ run }) => reported && run.strategy === 'deep' && run.itemsScraped === 0 && run.itemsRejected === 0,
    )
    const before =
      empty.length === 0
        ? new Map()
        : yield* repository.itemsOfRunsBefore(
            tx,
            empty.map(({ run }) => run.id),
          )
    const refused = open.filter(({ run }) => run.itemsRejected > 0 && run.itemsScraped === 0 && run.categoriesFound === 0)
    const samples =
      refused.length === 0
        ? new Map()
        : yield* repository.firstRejections(
            tx,
            refused.map(({ run }) => run.id),
          )
    for (const draft of open) {
      const { run } = draft
      if (refused.includes(draft)) {
        const text = allRejected(run.itemsRejected, samples.get(run.id))
        failRun(draft, { status: 'failed', text, isBroken: false, random: random() }, now)
        continue
      }
      const itemsBefore = before.get(run.id) ?? 0
      if (itemsBefore > 0) noteEmpty(draft, itemsBefore, now)
      completeRun(draft, reported, now)
    }
  }

  const hooks: KindHooks = {
    *leased(tx, tasks, now) {
      yield* repository.startRunsOfTasks(
        tx,
        tasks.map((task) => task.id),
        now,
      )
    },
    *completed(tx, done, now) {
      const refused = new Map<string, Refusal>()
      const logs = new Map<string, string>()
      for (const { task, result } of done) {
        const text = (result as { logs?: unknown } | null | undefined)?.logs
        if (result !== undefined && result !== null && (typeof result !== 'object' || Array.isArray(result)))
          refused.set(task.id, { code: 'invalid', message: 'Input should be an object' })
        else if (text !== undefined && text !== null && typeof text !== 'string')
          refused.set(task.id, { code: 'invalid', message: 'result.logs should be a string' })
        else if (text) logs.set(task.id, text)
      }
      const open = yield* drafts.ofTasks(
        tx,
        done.flatMap(({ task }) => (refused.has(task.id) ? [] : [task.id])),
      )
      for (const [taskId, draft] of open) if (logs.has(taskId)) draft.logs = tail(logs.get(taskId) as string)
      yield* completeRuns(tx, [...open.values()], now)
      yield* drafts.save(tx, open.values(), now)
      return refused
    },
    *failed(tx, failed, now) {
      const failures = new Map(failed.map((failure) => [failure.task.id, failure]))
      yield* change(
        tx,
        failed.map(({ task }) => task),
        (draft, task) => {
          const { error, retryable, outcome } = failures.get(task.id) as (typeof failed)[0]
          if (outcome === 'cancelled') cancelRun(draft, undefined, now)
          else failRun(draft, { status: 'failed', text: error, isBroken: !retryable, random: random() }, now)
        },
        now,
      )
    },
    *released(tx, tasks, now) {
      const moves = new Map<string, ReturnType<typeof moveOf>>()
      yield* change(tx, tasks, (draft, task) => moves.set(task.id, moveOf(draft, now)), now)
      return moves
    },
    *expired(tx, ended, now) {
      const moves = new Map<string, ReturnType<typeof moveOf>>()
      const outcomes = new Map(ended.map(({ task, outcome }) => [task.id, outcome]))
      yield* change(
        tx,
        ended.map((end) => end.task),
        (draft, task) => {
          const outcome = outcomes.get(task.id)
          if (outcome === 'queued') moves.set(task.id, moveOf(draft, now))
          else if (outcome === 'cancelled') cancelRun(draft, undefined, now)
          else
            failRun(
              draft,
              { status: 'lost', text: 'the worker was lost in every attempt', isBroken: false, random: random() },
              now,
            )
        },
        now,
      )
      return moves
    },
    *cancelled(tx, tasks, now) {
      yield* change(tx, tasks, (draft) => cancelRun(draft, undefined, now), now)
    },
    *redriven(tx, tasks, now, most) {
      const sourceOf = (task: Task) => (task.payload as { source_id: number }).source_id
      const found = new Map(
        (yield* drafts.ofSources(tx, [...new Set(tasks.map(sourceOf))])).map((draft) => [draft.source.id, draft]),
      )
      const changes = new Map<string, TaskChange & { skip?: string }>()
      const chosen = new Map<string, RunDraft>()
      for (const task of tasks) {
        const draft = found.get(sourceOf(task))
        if (!draft) changes.set(task.id, { skip: 'source_not_found' })
        // Of two dead tasks of one source the first gets its next run.
        else if (draft.run || [...chosen.values()].includes(draft)) changes.set(task.id, { skip: 'run_open' })
        else if (chosen.size === most) changes.set(task.id, { skip: 'limit' })
        else chosen.set(task.id, draft)
      }
      for (const [taskId, draft] of chosen) {
        draft.opening = { trigger: 'force', taskId }
        openRun(draft, 'force', now)
      }
      const opened = yield* drafts.save(tx, chosen.values(), now)
      for (const [taskId, { source }] of chosen) {
        const run = opened.get(source.id)?.run
        changes.set(taskId, run ? { ...taskOf(source, run) } : { skip: 'run_open' })
      }
      return changes
    },
  }
  /** The two kinds of source tasks: a reported failure ends them, a lost lease offers them again, five times in all (gifty §4). */
  const kinds: KindPolicy[] = [
    defineKind('source.run', { onFailure: 'fail', queue: TASKS_QUEUE, inStatement: runStatements, ...hooks }),
    // Those of the built-in worker never go to the broker (gifty §2.8).
    defineKind('source.run.web', { onFailure: 'fail', inStatement: runStatements, ...hooks }),
  ]
  return { kinds, completeRuns }
}
export type RunKinds = ReturnType<typeof createRunKinds>
