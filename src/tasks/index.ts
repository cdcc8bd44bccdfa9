export { type Calendar, type CalendarTimes, calendarTimes, sameCalendar } from './calendar.ts'
export type { Holder } from './context.ts'
export { hasLease, holds, isLive, isRefusal, leaseOf, leaseSource, prolonged, type TaskLease } from './context.ts'
export { CronError, nextCronTime } from './cron.ts'
export { createDispatcher, type Dispatcher } from './dispatcher.ts'
export { createEngine, type Engine } from './engine.ts'
export type { LeaseRequest } from './leasing.ts'
export {
  defineKind,
  type Job,
  type JobHandler,
  type KindHooks,
  type KindPolicy,
  type Moves,
  type NewTask,
  OWN_LEASES,
  type Refusal,
  type StatementHooks,
  TASK_CANCEL,
  TASK_PROGRESS,
  TASK_STATES,
  TASKS_READY,
  type Task,
  type TaskCancel,
  type TaskChange,
  type TaskState,
  type TaskStateChange,
  type Transition,
} from './model.ts'
export { brokerMetrics, createOutbox, createRelay, type Outbox } from './outbox.ts'
export { PREVIEW_WARNINGS, preview } from './preview.ts'
export { createRowQueue, ROW_CLIENT_PREFIX, type RowQueue, type RowQueueDeps } from './row-queue.ts'
export type { RowSource } from './row-statements.ts'
export { createSchedules, enginePurges, type Schedule } from './schedules.ts'
export type { TaskStanding } from './task-queries.ts'
