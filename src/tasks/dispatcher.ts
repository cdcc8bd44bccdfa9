import type { Clock } from '../platform/clock.ts'
import type { Log } from '../platform/log.ts'
import type { Bus } from '../platform/shared.ts'
import type { Holder } from './context.ts'
import type { LeaseRequest } from './leasing.ts'
import { TASKS_READY, type Task, type TasksReady } from './model.ts'

/** What hands out leases. */
interface LeasePort {
  lease(request: LeaseRequest): Promise<Task[]>
  leaseInOrder(requests: readonly [LeaseRequest, ...LeaseRequest[]]): Promise<Task[][]>
  release(holders: Holder[], kinds: readonly string[]): Promise<unknown>
}

/**
 * Long polls and sockets that wait for tasks, served first come first served. A ready task wakes as many waiters as there are
 * tasks for, not all of them.
 */
export const createDispatcher = (engine: LeasePort, bus: Bus, clock: Clock, log: Log) => {
  type Waiter = LeaseRequest & { give(tasks: Task[]): void; refuse(error: unknown): void }
  const waiters = new Set<Waiter>()
  const endings = new Set<() => void>()
  let hints: Set<string> | undefined
  let serving = false
  let closed = false

  /** Further conditions of a request beside its kinds: finding nothing for one does not mean that there is nothing for another. */
  const keyOf = ({ kinds, siteKeys, excludeSiteKeys }: LeaseRequest) =>
    JSON.stringify([kinds, siteKeys ?? null, excludeSiteKeys ?? null])
  /** Leases for waiters with equal requests, in their order; answers whether all of them got a task. */
  const serveInOrder = async (same: [Waiter, ...Waiter[]]): Promise<boolean> => {
    const leased = await engine.leaseInOrder(same)
    for (const [n, tasks] of leased.entries()) {
      if (tasks.length === 0) continue
      // A waiter that gave up while the lease was stored cannot use it: its `give` hands the tasks back.
      waiters.delete(same[n] as Waiter)
      same[n]?.give(tasks)
    }
    return leased.every((tasks) => tasks.length > 0)
  }
  /** Leases for one waiter alone; answers whether there was something. */
  const serveOne = async (waiter: Waiter): Promise<boolean> => {
    const tasks = await engine.lease(waiter)
    if (tasks.length === 0) return false
    waiters.delete(waiter)
    waiter.give(tasks)
    return true
  }
  const serve = async () => {
    serving = true
    try {
      while (hints) {
        const kinds = hints
        hints = undefined
        const empty = new Set<string>()
        // One after the other: leases that run beside each other may find tasks in another order than their waiters came in.
        for (;;) {
          const [first, ...others] = [...waiters].filter(
            (one) => one.kinds.some((kind) => kinds.has(kind)) && !empty.has(keyOf(one)),
          )
          if (!first) break
          const same = others.filter((one) => keyOf(one) === keyOf(first))
          // A ready task was announced for one at least; that more are waited for than there are tasks is found by the way.
          if (same.length > 0 && (await serveInOrder([first, ...same]))) continue
          const left = [first, ...same].find((one) => waiters.has(one))
          if (!left || (await serveOne(left))) continue
          empty.add(keyOf(first))
          if (!first.siteKeys && !first.excludeSiteKeys?.length) for (const kind of first.kinds) kinds.delete(kind)
        }
      }
    } catch (error) {
      log.warn('leasing for waiting workers failed', { error })
      for (const waiter of [...waiters]) {
        waiters.delete(waiter)
        waiter.refuse(error)
      }
    } finally {
      serving = false
    }
  }
  const unsubscribe = bus.subscribe(TASKS_READY, ({ kinds }: TasksReady) => {
    if (waiters.size === 0) return
    hints ??= new Set()
    for (const kind of kinds) hints.add(kind)
    if (!serving) void serve()
  })

  /** Gives back tasks whose caller has gone: nobody knows of them, and they would wait for the end of their leases. */
  const giveBack = ({ owner, kinds }: LeaseRequest, tasks: readonly Task[]): void => {
    engine
      .release(
        tasks.map(({ id, fence }) => ({ id, owner, fence })),
        kinds,
      )
      .catch((error) => log.warn('a lease without a waiting worker could not be released', { error }))
  }

  return {
    /** Leases now, or waits up to `waitMs` for something to lease; answers `[]` after the wait or when `signal` aborts. */
    async lease(request: LeaseRequest, waitMs: number, signal?: AbortSignal): Promise<Task[]> {
      const now = await engine.lease(request)
      if (now.length > 0 && signal?.aborted) {
        giveBack(request, now)
        return []
      }
      if (now.length > 0 || waitMs <= 0 || closed || signal?.aborted) return now
      const ended = new AbortController()
      const answer = new Promise<Task[]>((resolve, reject) => {
        let open = true
        const waiter: Waiter = {
          ...request,
          give: (tasks) => {
            if (open) {
              open = false
              ended.abort()
              return resolve(tasks)
            }
            giveBack(request, tasks)
          },
          refuse: (error) => {
            // Ends the wait as well: its timer and the listener on the client's signal would live on until the end of the wait.
            open = false
            ended.abort()
            reject(error)
          },
        }
        const giveUp = () => {
          if (!open) return
          open = false
          waiters.delete(waiter)
          ended.abort()
          resolve([])
        }
        waiters.add(waiter)
        endings.add(giveUp)
        ended.signal.addEventListener('abort', () => endings.delete(giveUp))
        signal?.addEventListener('abort', giveUp, { once: true })
        clock.sleep(waitMs, ended.signal).then(giveUp)
        ended.signal.addEventListener('abort', () => signal?.removeEventListener('abort', giveUp))
        // Something may have become ready between the first lease and the subscription.
        hints ??= new Set()
        for (const kind of request.kinds) hints.add(kind)
        if (!serving) void serve()
      })
      return answer
    },
    waiting: () => waiters.size,
    /** Ends all waits with `[]`; from now on nothing waits. */
    close() {
      closed = true
      unsubscribe()
      for (const giveUp of [...endings]) giveUp()
    },
  }
}
export type Dispatcher = ReturnType<typeof createDispatcher>
