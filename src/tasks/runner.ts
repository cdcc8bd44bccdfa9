import type { Bus } from '../platform/bus/index.ts'
import type { Clock } from '../platform/clock.ts'
import type { Log } from '../platform/log.ts'
import type { Holder } from './context.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Engine } from './engine.ts'
import { TASK_CANCEL, type Task, type TaskCancel } from './model.ts'

/** A task in the hands of this process. After `signal` aborts, nothing done under `holder` can have an effect. */
export interface Job {
  task: Task
  holder: Holder
  signal: AbortSignal
}

/** How the tasks of one kind are run in this process. Durations in milliseconds. */
export interface JobHandler {
  /** Answers the task's result. Throw `JobFailed` or `JobDelayed` for a verdict; anything else is a failure worth a retry. */
  run(job: Job): Promise<unknown>
  /** Tasks at once. */
  concurrency: number
  leaseMs: number
  /** How often the lease is prolonged. */
  renewMs: number
  /** An attempt that takes longer has failed. */
  timeoutMs: number
}

/** A failure with a verdict; the message is stored with the task. */
export class JobFailed extends Error {
  override name = 'JobFailed'
  constructor(
    message: string,
    readonly retryable: boolean,
  ) {
    super(message)
  }
}
/** Puts the task back for a while without using up its attempt. */
export class JobDelayed extends Error {
  override name = 'JobDelayed'
  constructor(readonly delayMs: number) {
    super('delayed')
  }
}

export interface RunnerDeps {
  engine: Engine
  dispatcher: Dispatcher
  bus: Bus
  clock: Clock
  log: Log
  /** Unique among live processes. */
  owner: string
  handlers: Record<string, JobHandler>
}

type Ending = 'lost' | 'cancelled' | 'timeout' | 'stopping'

const WAIT_MS = 20_000
const BACKOFF_MS = 1000
/** How long `stop` waits for jobs that do not watch their signal. */
const STOP_MS = 5000

/** Runs tasks of the engine inside this process: lease, prolong, complete or fail. A killed process's tasks are leased again. */
export const createRunner = ({ engine, dispatcher, bus, clock, log, owner, handlers }: RunnerDeps) => {
  const running = new Map<string, { end(reason: Ending): void; done: Promise<void> }>()
  const stopping = new AbortController()

  const execute = async (task: Task, handler: JobHandler): Promise<void> => {
    const controller = new AbortController()
    const over = new AbortController()
    const holder: Holder = { id: task.id, owner, fence: task.fence }
    const kinds = [task.kind]
    let ending: Ending | undefined
    const end = (reason: Ending) => {
      ending ??= reason
      controller.abort(new Error(`the task ${reason === 'timeout' ? 'took too long' : `is ${reason}`}`))
    }
    const prolong = async () => {
      for (;;) {
        await clock.sleep(handler.renewMs, over.signal)
        if (over.signal.aborted) return
        try {
          const beat = await engine.heartbeat(holder, handler.leaseMs)
          if ('code' in beat) return end('lost')
          if (beat.cancelRequested) return end('cancelled')
        } catch (error) {
          // Tried again at the next turn; if the lease is gone by then, the next heartbeat says so.
          log.warn('a lease could not be prolonged', { kind: task.kind, task: task.id, error })
        }
      }
    }
    const work = async () => {
      void prolong()
      clock.sleep(handler.timeoutMs, over.signal).then(() => {
        if (!over.signal.aborted) end('timeout')
      })
      try {
        const result = await handler.run({ task, holder, signal: controller.signal })
        const refused = await engine.complete(owner, [{ id: task.id, fence: task.fence, result }], kinds)
        if (refused.size > 0) log.warn('a finished task was no longer ours', { kind: task.kind, task: task.id })
      } catch (error) {
        await conclude(error)
      } finally {
        over.abort()
        running.delete(task.id)
      }
    }
    const conclude = async (error: unknown) => {
      try {
        if (ending !== undefined && ending !== 'timeout') await engine.release([holder], kinds)
        else if (error instanceof JobDelayed) await engine.release([holder], kinds, new Date(clock.now() + error.delayMs))
        else {
          const known = error instanceof JobFailed
          if (!known && ending !== 'timeout') log.error('a task failed', { kind: task.kind, task: task.id, error })
          const message = known ? error.message : ending === 'timeout' ? 'The attempt took too long' : 'Unexpected error'
          await engine.fail(holder, { error: message, retryable: known ? error.retryable : true }, kinds)
        }
      } catch (cause) {
        // The lease runs out by itself, and the task is offered again.
        log.warn('the end of a task could not be stored', { kind: task.kind, task: task.id, error: cause })
      }
    }
    const done = work()
    running.set(task.id, { end, done })
    await done
  }

  const handlerOf = (kind: string): JobHandler => {
    const handler = handlers[kind]
    if (!handler) throw new Error(`no handler runs tasks of kind ${kind}`)
    return handler
  }

  const unsubscribe = bus.subscribe(TASK_CANCEL, ({ taskId }: TaskCancel) => running.get(taskId)?.end('cancelled'))

  const serve = async (kind: string, handler: JobHandler): Promise<void> => {
    const active = new Set<Promise<void>>()
    while (!stopping.signal.aborted) {
      try {
        const max = handler.concurrency - active.size
        if (max < 1) {
          await Promise.race(active)
          continue
        }
        const request = { owner, kinds: [kind], max, leaseMs: handler.leaseMs }
        for (const task of await dispatcher.lease(request, WAIT_MS, stopping.signal)) {
          const job = execute(task, handler).finally(() => active.delete(job))
          active.add(job)
        }
      } catch (error) {
        log.warn('tasks could not be leased', { kind, error })
        await clock.sleep(BACKOFF_MS, stopping.signal)
      }
    }
  }

  return {
    /** Takes tasks of these kinds from now on, until `stop`. */
    start(kinds: readonly string[]) {
      for (const kind of kinds) void serve(kind, handlerOf(kind))
    },
    /** Runs what is ready now to its end, one after another; answers how many tasks that were. For tests and one-off commands. */
    async drain(kinds = Object.keys(handlers)): Promise<number> {
      let ran = 0
      for (const kind of kinds) {
        const handler = handlerOf(kind)
        for (;;) {
          const [task] = await engine.lease({ owner, kinds: [kind], max: 1, leaseMs: handler.leaseMs })
          if (!task) break
          await execute(task, handler)
          ran++
        }
      }
      return ran
    },
    /** Ends what runs, gives its leases back and resolves when that is done, or after five seconds. */
    async stop() {
      stopping.abort()
      unsubscribe()
      for (const job of running.values()) job.end('stopping')
      const waited = new AbortController()
      await Promise.race([Promise.all([...running.values()].map((job) => job.done)), clock.sleep(STOP_MS, waited.signal)])
      waited.abort()
    },
  }
}
export type Runner = ReturnType<typeof createRunner>
