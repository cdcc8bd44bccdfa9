import type { Params, Steps, Tx } from '../../platform/db/index.ts'
import { defineKind, exponentialDelay, type KindPolicy, type Refusal, type Task } from '../../tasks/index.ts'
import { deadKind, type LeaseColumns, type WorkQueue } from './queue.ts'
import { type LeasedSubject, TASK_HOLDER, type WorkLeasesRepository } from './repository.ts'

const DAY_MS = 86_400_000
/** A task nobody takes again for so long gives its row back to everyone. */
const TASK_LIFE_MS = DAY_MS
/** Longer than any task is leased; its end ends the hold. */
const HOLD_MS = 30 * DAY_MS
/** How long a content stays dead: as long as its task can be redriven. */
const DEAD_MS = 30 * DAY_MS
/** A delay with all of its jitter. */
const MOST_JITTER = 1.2

/** A queue as a kind of the worker protocol (gifty §4). */
export interface WorkTasks<Row extends object> {
  kind: string
  /** Kind of the leases, when it is another. */
  leaseKind?: string
  queue: WorkQueue<Row>
  /** Values of the queue's own parameters. */
  params?: Params
  /** A cheap look before the queue is read: whether there may be anything. */
  mayOffer?(tx: Tx): Steps<boolean>
  /** Payloads of rows, in their order. Where contents have hashes, `content_hash` stands in them. */
  payloads(tx: Tx, rows: (Row & LeaseColumns)[]): Steps<unknown[]>
  /** Stores results; answers the refused ones by subject, whose tasks stay leased. */
  store(tx: Tx, done: { subject: string; payload: unknown; result: unknown }[], now: Date): Steps<Map<string, Refusal>>
}

/**
 * Tasks are made of rows as they are leased, never before: a backlog of any size needs no tasks. A row with a task is held by it, so
 * that nobody else gets it; between two attempts it is anyone's, and whoever takes it ends the task.
 */
export const defineWorkTasks = <Row extends object>(
  repository: WorkLeasesRepository,
  { kind, leaseKind = kind, queue, params, mayOffer, payloads, store }: WorkTasks<Row>,
): KindPolicy => {
  const subjectOf = (task: Task) => task.dedupeKey as string
  const holdOf = (task: Task): LeasedSubject => ({
    subject: subjectOf(task),
    holder: `${TASK_HOLDER}${task.id}`,
    contentHash: (task.payload as { content_hash?: string }).content_hash ?? null,
  })
  const hold = (tx: Tx, tasks: Task[], until: number) =>
    repository.take(tx, leaseKind, inOrder(tasks.map(holdOf)), new Date(until))
  function* letGo(tx: Tx, tasks: Task[]): Steps<void> {
    yield* repository.clear(tx, leaseKind, tasks.map(subjectOf))
  }
  function* bury(tx: Tx, tasks: Task[], now: Date): Steps<void> {
    yield* letGo(tx, tasks)
    const marks = tasks.map((task) => ({ ...holdOf(task), holder: 'dead' }))
    yield* repository.take(tx, deadKind(leaseKind), inOrder(marks), new Date(now.getTime() + DEAD_MS))
  }

  return defineKind(kind, {
    *provide(tx, max, now) {
      if (mayOffer && !(yield* mayOffer(tx))) return []
      const rows = yield* queue.offer(tx, { kind: leaseKind, limit: max, now, params })
      const made = yield* payloads(tx, rows)
      return rows.map((row, n) => ({
        kind,
        payload: made[n],
        dedupeKey: row.lease_subject,
        expiresAt: new Date(now.getTime() + TASK_LIFE_MS),
      }))
    },
    *leased(tx, tasks, now) {
      yield* hold(tx, tasks, now.getTime() + HOLD_MS)
    },
    *completed(tx, done, now) {
      const given = done.map(({ task, result }) => ({ subject: subjectOf(task), payload: task.payload, result }))
      const refused = yield* store(tx, given, now)
      yield* letGo(
        tx,
        done.map((item) => item.task).filter((task) => !refused.has(subjectOf(task))),
      )
      return new Map(
        done.flatMap(({ task }): [string, Refusal][] => {
          const refusal = refused.get(subjectOf(task))
          return refusal ? [[task.id, refusal]] : []
        }),
      )
    },
    *failed(tx, failed, now) {
      for (const { task, outcome } of failed) {
        if (outcome === 'dead') yield* bury(tx, [task], now)
        else if (outcome === 'queued') yield* hold(tx, [task], now.getTime() + exponentialDelay(task.attempts) * MOST_JITTER)
        else yield* letGo(tx, [task])
      }
    },
    *released(tx, tasks, now) {
      yield* hold(tx, tasks, now.getTime())
    },
    *expired(tx, ended, now) {
      const of = (outcome: string) => ended.filter((end) => end.outcome === outcome).map((end) => end.task)
      yield* hold(tx, of('queued'), now.getTime())
      yield* bury(tx, of('dead'), now)
      yield* letGo(tx, of('cancelled'))
    },
    *cancelled(tx, tasks) {
      yield* letGo(tx, tasks)
    },
    *redriven(tx, tasks, now) {
      const changes = new Map()
      for (const task of tasks) {
        if (yield* repository.isHeld(tx, leaseKind, subjectOf(task), now)) {
          changes.set(task.id, { skip: 'leased' })
          continue
        }
        yield* repository.clear(tx, deadKind(leaseKind), [subjectOf(task)])
        yield* hold(tx, [task], now.getTime())
      }
      return changes
    },
  })
}

const inOrder = (rows: LeasedSubject[]) => rows.sort((a, b) => (a.subject < b.subject ? -1 : 1))
