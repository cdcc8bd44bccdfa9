import { databaseProblem } from '../platform/db/problems.ts'
import { isUuid } from '../platform/ids.ts'
import type { EngineContext } from './context.ts'
import type { Task } from './model.ts'

/** Each size of a lease is a statement of its own, and a connection does not prepare any number of them. */
const MOST = 100
const MOST_KINDS = 4

/** What a lease asks for. */
interface Wanted {
  owner: string
  kinds: string[]
  max: number
  leaseMs: number
}

/**
 * The two verbs a queue lives of, each as one statement: on Postgres every further one is a round trip, and a transaction two more.
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
}: Pick<EngineContext, 'db' | 'statements' | 'policies' | 'knownKinds' | 'announced'>) => {
  const applies = db.dialect === 'postgres'
  const plain = new Set([...policies.values()].filter((policy) => !policy.completed).map(({ kind }) => kind))
  const isPlain = (kind: string) => {
    const policy = policies.get(kind)
    return policy !== undefined && !policy.supply && !policy.leased && announced.queueOf(kind) === undefined
  }
  return {
    /** Leases while no lease has expired and no group is limited. Empty: nothing was ready, or it takes the whole way. */
    async lease({ owner, kinds, max, leaseMs }: Wanted, now: Date): Promise<Task[]> {
      if (!applies || kinds.length > MOST_KINDS || max > MOST || !kinds.every(isPlain)) return []
      const until = new Date(now.getTime() + leaseMs)
      const params: Record<string, unknown> = { owner, leaseMs, now, until, kinds: knownKinds }
      kinds.forEach((kind, n) => {
        params[`kind${n}`] = kind
      })
      const leased = await statements.leaseUnhindered(kinds.length, max).all(params)
      return leased.map((task) => ({
        ...task,
        state: 'leased',
        leaseOwner: owner,
        leaseExpiresAt: until,
        leaseMs,
        lastEnd: null,
        updatedAt: now,
        finishedAt: null,
      }))
    },
    /** Completes what is held and allowed; answers the ids of it. */
    async complete(
      owner: string,
      items: { id: string; fence: number; result?: unknown }[],
      allowed: readonly string[],
      now: Date,
    ): Promise<Set<string>> {
      if (!applies) return new Set()
      // Of an id that is named twice the first decides.
      const given = new Map<string, { id: string; fence: number; result?: unknown }>()
      for (const { id, fence, result } of items) if (isUuid(id) && !given.has(id)) given.set(id, { id, fence, result })
      if (given.size === 0) return new Set()
      const held = [...given.values()]
      const kinds = allowed.filter((kind) => plain.has(kind))
      const params = {
        owner,
        now,
        ids: `{${held.map(({ id }) => id)}}`,
        fences: `{${held.map(({ fence }) => fence)}}`,
        results: held.some(({ result }) => result !== undefined)
          ? JSON.stringify(held.map(({ result }) => result ?? null))
          : null,
        kinds: `{${kinds.map((kind) => JSON.stringify(kind))}}`,
      }
      const completed = await statements.completeHeld.all(params).catch((error) => {
        // It takes its locks in the order of the plan: should it meet another one that way, the whole way tries again.
        if (databaseProblem(error) === 'serialization') return []
        throw error
      })
      return new Set(completed.map(({ id }) => id))
    },
  }
}
