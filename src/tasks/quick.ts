import { databaseProblem } from '../platform/db/problems.ts'
import { isUuid } from '../platform/ids.ts'
import type { EngineContext } from './context.ts'
import { createGathering } from './gathering.ts'
import { inLeaseOrder, type LeaseRequest } from './leasing.ts'
import type { Task } from './model.ts'

/** Each size of a lease is a statement of its own, and a connection does not prepare any number of them. */
const MOST = 100
const MOST_KINDS = 4
/** Tasks that one statement completes for several callers; a single one may complete more. */
const MOST_COMPLETED = 1000

interface Completion {
  owner: string
  items: { id: string; fence: number; result?: unknown }[]
  /** Kinds that may be completed; the same text for the same kinds. */
  kinds: string
}

/** The text of a Postgres array. */
const arrayText = (values: readonly (string | number)[]) =>
  `{${values.map((value) => (typeof value === 'number' ? value : `"${value.replace(/["\\]/g, '\\$&')}"`))}}`

/**
 * The two verbs a queue lives of, each as one statement: on Postgres every further one is a round trip, and a transaction two more; and
 * what many workers ask for at once goes together, because a commit of a hundred tasks costs little more than one of a single task.
 * Only for kinds whose domains want no say and no queue announces, and only when nothing needs care; whatever is not done here is left to
 * the whole way.
 * SQLite has no round trips, and its group commit wants transactions.
 */
export const createQuickVerbs = ({
  db,
  statements,
  policies,
  knownKinds,
  announced,
  nowDate,
}: Pick<EngineContext, 'db' | 'statements' | 'policies' | 'knownKinds' | 'announced' | 'nowDate'>) => {
  const applies = db.dialect === 'postgres'
  const plain = new Set([...policies.values()].filter((policy) => !policy.completed).map(({ kind }) => kind))
  const isPlain = (kind: string) => {
    const policy = policies.get(kind)
    return policy !== undefined && !policy.provide && !policy.leased && announced.queueOf(kind) === undefined
  }

  const sum = (requests: readonly LeaseRequest[]) => requests.reduce((total, { max }) => total + max, 0)
  const leaseTogether = createGathering<LeaseRequest, Task[]>({
    fits: (set, { kinds, leaseMs, max }) =>
      set[0]?.leaseMs === leaseMs && set[0].kinds.join() === kinds.join() && sum(set) + max <= MOST,
    async run(requests) {
      const [{ kinds, leaseMs }] = requests as [LeaseRequest]
      const now = nowDate()
      const until = new Date(now.getTime() + leaseMs)
      // As many places as each may have.
      const places = requests.flatMap((request) => Array<LeaseRequest>(request.max).fill(request))
      const params: Record<string, unknown> = {
        owners: arrayText(places.map(({ owner }) => owner)),
        leaseMs,
        now,
        until,
        kinds: knownKinds,
      }
      kinds.forEach((kind, n) => {
        params[`kind${n}`] = kind
      })
      const rows = (await statements.leaseUnhindered(kinds.length, sum(requests)).all(params)).sort(inLeaseOrder)
      const leased = new Map(requests.map((request) => [request, [] as Task[]]))
      for (const { place, ...task } of rows) {
        const request = places[place - 1] as LeaseRequest
        leased.get(request)?.push({
          ...task,
          state: 'leased',
          leaseOwner: request.owner,
          leaseExpiresAt: until,
          leaseMs,
          lastEnd: null,
          updatedAt: now,
          finishedAt: null,
        })
      }
      return requests.map((request) => leased.get(request) as Task[])
    },
  })

  const completeTogether = createGathering<Completion, Set<string>>({
    fits: (set, { kinds, items }) =>
      set[0]?.kinds === kinds && set.reduce((total, one) => total + one.items.length, items.length) <= MOST_COMPLETED,
    async run(completions) {
      // Of an id that is named twice the first decides; the other is told the whole way.
      const given = new Map<string, { completion: Completion; fence: number; result?: unknown }>()
      for (const completion of completions)
        for (const { id, fence, result } of completion.items) if (!given.has(id)) given.set(id, { completion, fence, result })
      const held = [...given.values()]
      const completed = await statements.completeHeld
        .all({
          now: nowDate(),
          ids: arrayText([...given.keys()]),
          fences: arrayText(held.map(({ fence }) => fence)),
          owners: arrayText(held.map(({ completion }) => completion.owner)),
          results: held.some(({ result }) => result !== undefined)
            ? JSON.stringify(held.map(({ result }) => result ?? null))
            : null,
          kinds: completions[0]?.kinds,
        })
        .catch((error) => {
          // It takes its locks in the order of the plan: should it meet another one that way, the whole way tries again.
          if (databaseProblem(error) === 'serialization') return []
          throw error
        })
      const done = new Set(completed.map(({ id }) => id))
      return completions.map(
        (completion) =>
          new Set(completion.items.map(({ id }) => id).filter((id) => done.has(id) && given.get(id)?.completion === completion)),
      )
    },
  })

  return {
    /**
     * Leases while no lease has expired and no group is limited, in lease order. Empty: nothing was ready, or it takes the whole way.
     */
    lease: async (request: LeaseRequest): Promise<Task[]> =>
      applies && request.kinds.length <= MOST_KINDS && request.max <= MOST && request.kinds.every(isPlain)
        ? leaseTogether(request)
        : [],
    /** Completes what is held and allowed; answers the ids of it. */
    async complete(
      owner: string,
      items: { id: string; fence: number; result?: unknown }[],
      allowed: readonly string[],
    ): Promise<Set<string>> {
      const named = applies ? items.filter(({ id }) => isUuid(id)) : []
      if (named.length === 0) return new Set()
      return completeTogether({ owner, items: named, kinds: arrayText(allowed.filter((kind) => plain.has(kind))) })
    },
  }
}
