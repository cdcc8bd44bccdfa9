import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import { defineKind, type KindHooks, type KindPolicy, type Refusal, type Task, type TaskChange } from '../../tasks/index.ts'
import type { Rejection } from './model.ts'
import type { SourcesRepository } from './repository.ts'
import { runStatements } from './row.ts'
import { linesOfText } from './run-history/logs.ts'
import { runEventWriter } from './run-history/queries.ts'
import { type RunLosses, type RunResult, readRunResult } from './run-result.ts'
import {
  cancelRun,
  changeRun,
  completeRun,
  failRun,
  noteEmpty,
  type OpenRunChange,
  openRun,
  type RunRowChange,
  type RunStore,
  requeueRun,
  tail,
  taskOf,
} from './runs.ts'

/** Where a broker announces source tasks to foreign spiders (gifty §2.7). */
const TASKS_QUEUE = 'parsing_tasks'

export interface RunKindsDeps {
  db: Db
  repository: SourcesRepository
  store: RunStore
  /** 0..1, for the spread of retries. */
  random(): number
}

/** Counts on an open run what its worker says was lost. */
const addLosses = (change: OpenRunChange, losses: RunLosses, now: Date) => {
  const { run } = change
  change.losses = losses
  const { pagesFailed, rejected, endedEarly } = losses
  changeRun(change, { pagesFailed, itemsRejected: run.itemsRejected + rejected, outcomeReason: endedEarly ?? null }, now)
}

/** Why a run has failed of which every page failed; undefined while one was read. */
const allPagesFailed = ({ run, losses }: OpenRunChange): string | undefined => {
  if (!losses?.pages || losses.pagesFailed < losses.pages || run.itemsScraped > 0 || run.categoriesFound > 0) return undefined
  const [first] = losses.failedPages
  return `All ${losses.pages} pages failed${first ? `, the first: ${first.url}: ${first.reason}` : ''}`
}

/** Why a run has failed of which every element was rejected. */
const allRejected = (count: number, first: Pick<Rejection, 'errors'> | undefined): string => {
  const [sample] = first?.errors ?? []
  return `All ${count} elements were rejected${sample ? `, the first for ${sample.field}: ${sample.message}` : ''}`
}

/** The kinds of source tasks, and what the engine's events do to their runs, in sets (gifty §4). */
export const createRunKinds = ({ db, repository, store, random }: RunKindsDeps) => {
  const addEvents = runEventWriter(db)
  /** Changes the open runs of a set of tasks. */
  function* changeRuns(tx: Tx, tasks: Task[], step: (change: OpenRunChange, task: Task) => void, now: Date): Steps<void> {
    const open = yield* store.ofTasks(
      tx,
      tasks.map((task) => task.id),
    )
    for (const task of tasks) {
      const change = open.get(task.id)
      if (change) step(change, task)
    }
    yield* store.save(tx, open.values(), now)
  }
  /** How a task moves whose run is offered again: as its source is now, or not at all. */
  const moveOf = (change: OpenRunChange, now: Date): { state: 'queued' | 'cancelled'; change?: TaskChange } => {
    const state = requeueRun(change, now)
    return state === 'queued' ? { state, change: { ...taskOf(change.source, change.run) } } : { state }
  }

  /**
   * Completes runs, or fails those of which every element was refused or every page failed. A deep one that a worker has reported (`reported`) without an item is
   * compared with the one before it.
   */
  function* completeRuns(tx: Tx, open: OpenRunChange[], now: Date, reported = true): Steps<void> {
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
    for (const change of open) {
      const { run } = change
      if (refused.includes(change)) {
        const text = allRejected(run.itemsRejected, samples.get(run.id))
        failRun(change, { status: 'failed', text, isBroken: false, random: random() }, now)
        continue
      }
      const unread = allPagesFailed(change)
      if (unread !== undefined) {
        failRun(change, { status: 'failed', text: unread, isBroken: false, random: random() }, now)
        continue
      }
      const itemsBefore = before.get(run.id) ?? 0
      if (itemsBefore > 0) noteEmpty(change, itemsBefore, now)
      completeRun(change, reported, now)
    }
  }

  const hooks: KindHooks = {
    *leased(tx, tasks, now) {
      yield* repository.startRunsOfTasks(tx, tasks, now)
    },
    *completed(tx, done, now) {
      const refused = new Map<string, Refusal>()
      const results = new Map<string, RunResult>()
      for (const { task, result } of done) {
        const read = readRunResult(result)
        if (typeof read === 'string') refused.set(task.id, { code: 'invalid', message: read })
        else results.set(task.id, read)
      }
      const open = yield* store.ofTasks(
        tx,
        done.flatMap(({ task }) => (refused.has(task.id) ? [] : [task.id])),
      )
      for (const [taskId, change] of open) {
        const { logs, losses, isAppended } = results.get(taskId) as RunResult
        if (logs) {
          change.logs = tail(logs)
          if (!isAppended) change.lines.push(...linesOfText(logs, now))
        }
        if (losses) addLosses(change, losses, now)
      }
      yield* completeRuns(tx, [...open.values()], now)
      yield* store.save(tx, open.values(), now)
      return refused
    },
    *failed(tx, failed, now) {
      const failures = new Map(failed.map((failure) => [failure.task.id, failure]))
      yield* changeRuns(
        tx,
        failed.map(({ task }) => task),
        (change, task) => {
          const { error, retryable, outcome } = failures.get(task.id) as (typeof failed)[0]
          if (outcome === 'cancelled') cancelRun(change, undefined, now)
          else failRun(change, { status: 'failed', text: error, isBroken: !retryable, random: random() }, now)
        },
        now,
      )
    },
    *released(tx, tasks, now) {
      const moves = new Map<string, ReturnType<typeof moveOf>>()
      const events: Parameters<typeof addEvents>[1][number][] = []
      const move = (change: OpenRunChange, task: Task) => {
        moves.set(task.id, moveOf(change, now))
        events.push({ runId: change.run.id, at: now, event: 'released', data: { worker_id: task.leaseOwner } })
      }
      yield* changeRuns(tx, tasks, move, now)
      yield* addEvents(tx, events)
      return moves
    },
    *expired(tx, ended, now) {
      const moves = new Map<string, ReturnType<typeof moveOf>>()
      const outcomes = new Map(ended.map(({ task, outcome }) => [task.id, outcome]))
      const events: Parameters<typeof addEvents>[1][number][] = []
      yield* changeRuns(
        tx,
        ended.map((end) => end.task),
        (change, task) => {
          const outcome = outcomes.get(task.id)
          events.push({ runId: change.run.id, at: now, event: 'lease_lost', data: { worker_id: task.leaseOwner } })
          if (outcome === 'queued') moves.set(task.id, moveOf(change, now))
          else if (outcome === 'cancelled') cancelRun(change, undefined, now)
          else
            failRun(
              change,
              { status: 'lost', text: 'the worker was lost in every attempt', isBroken: false, random: random() },
              now,
            )
        },
        now,
      )
      yield* addEvents(tx, events)
      return moves
    },
    *cancelled(tx, tasks, now) {
      yield* changeRuns(tx, tasks, (change) => cancelRun(change, undefined, now), now)
    },
    *redriven(tx, tasks, now, most) {
      const sourceOf = (task: Task) => (task.payload as { source_id: number }).source_id
      const found = new Map(
        (yield* store.ofSources(tx, [...new Set(tasks.map(sourceOf))])).map((change) => [change.source.id, change]),
      )
      const changes = new Map<string, TaskChange & { skip?: string }>()
      const chosen = new Map<string, RunRowChange>()
      for (const task of tasks) {
        const change = found.get(sourceOf(task))
        if (!change) changes.set(task.id, { skip: 'source_not_found' })
        // Of two dead tasks of one source the first gets its next run.
        else if (change.run || [...chosen.values()].includes(change)) changes.set(task.id, { skip: 'run_open' })
        else if (chosen.size === most) changes.set(task.id, { skip: 'limit' })
        else chosen.set(task.id, change)
      }
      for (const [taskId, change] of chosen) {
        change.opening = { trigger: 'force', taskId }
        openRun(change, 'force', now)
      }
      const opened = yield* store.save(tx, chosen.values(), now)
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
