import type { Db, Steps, Tx } from '../platform/db/index.ts'
import type { Task } from './model.ts'
import type { Candidate, EngineStatements } from './statements.ts'
import { engineTables } from './tables.ts'

export interface LeaseRequest {
  owner: string
  kinds: string[]
  max: number
  leaseMs: number
  /** For the hooks `provide` and `leased` of the kinds. */
  context?: unknown
}

/** By priority, then oldest. */
export const inLeaseOrder = (a: { priority: number; id: string }, b: { priority: number; id: string }) =>
  b.priority - a.priority || (a.id < b.id ? -1 : 1)

/**
 * The rows of one lease: by priority, then age, within the caps and pauses of their groups. Of a kind with a queue only tasks whose
 * message has not left, or, if given, those `among` the ids.
 */
export function* takeReady(
  statements: EngineStatements,
  tx: Tx,
  { owner, kinds, max, leaseMs }: LeaseRequest,
  now: Date,
  queueOf: (kind: string) => string | undefined,
  among?: string[],
): Steps<Task[]> {
  const common = { owner, now, until: new Date(now.getTime() + leaseMs), leaseMs }
  const limited = yield* tx.run(statements.limitedGroups, { now })
  const queues = kinds.map(queueOf)
  if (limited.length === 0) {
    if (among) return (yield* tx.run(statements.leaseChosen, { ...common, ids: JSON.stringify(among) })).sort(inLeaseOrder)
    const params: Record<string, unknown> = { ...common, max }
    kinds.forEach((kind, n) => {
      params[`kind${n}`] = kind
      if (queues[n] !== undefined) params[`queue${n}`] = queues[n]
    })
    return (yield* tx.run(statements.leaseDirect(queues), params)).sort(inLeaseOrder)
  }

  const caps = new Map(limited.filter((group) => group.cap !== null).map((group) => [group.key, group.cap as number]))
  const blocked = new Set(
    limited.filter((group) => group.pausedUntil !== null && group.pausedUntil > now).map((group) => group.key),
  )
  if (caps.size > 0) {
    const full = yield* tx.run(statements.leasedPerGroup, { keys: JSON.stringify([...caps.keys()]) })
    for (const { key, leased } of full) if (leased >= (caps.get(key) ?? Infinity)) blocked.add(key)
  }
  const chosen: string[] = []
  const taken = new Map<string, number>()
  // Every round that is cut short by a cap blocks at least one more group, so the rounds are bounded by the number of groups.
  for (let more = true; more && chosen.length < max; ) {
    more = false
    const candidates: Candidate[] = []
    const look = max + chosen.length
    // Behind the last row of a list that was cut short, other kinds' rows may come too early in lease order.
    let horizon: { id: string; priority: number } | undefined
    for (const [n, kind] of kinds.entries()) {
      const params = { kind, now, max: look, blocked: JSON.stringify([...blocked]) }
      const rows = among
        ? yield* tx.run(statements.readyAmong, { ...params, ids: JSON.stringify(among) })
        : queues[n] !== undefined
          ? yield* tx.run(statements.readyUnsent, { ...params, queue: queues[n] })
          : yield* tx.run(statements.readyOfKind, params)
      candidates.push(...rows)
      const last = rows[look - 1]
      if (last && (!horizon || inLeaseOrder(last, horizon) < 0)) horizon = last
    }
    candidates.sort(inLeaseOrder)
    const fresh = candidates.filter((candidate) => !chosen.includes(candidate.id))
    const keys = [
      ...new Set(
        fresh
          .map((candidate) => candidate.groupKey)
          .filter((key): key is string => key !== null && caps.has(key) && !taken.has(key)),
      ),
    ].sort()
    if (keys.length > 0) {
      // Counted under the group's lock: two leasers that count at once would both take the last place.
      yield* tx.run(statements.lockGroups, { keys: JSON.stringify(keys) })
      for (const key of keys) taken.set(key, 0)
      for (const { key, leased } of yield* tx.run(statements.leasedPerGroup, { keys: JSON.stringify(keys) }))
        taken.set(key, leased)
    }
    for (const { id, priority, groupKey } of fresh) {
      if (chosen.length >= max) break
      if (horizon && inLeaseOrder(horizon, { id, priority }) < 0) break
      const cap = groupKey === null ? undefined : caps.get(groupKey)
      if (groupKey !== null && cap !== undefined) {
        const used = taken.get(groupKey) ?? 0
        if (used >= cap) {
          if (!blocked.has(groupKey)) more = true
          blocked.add(groupKey)
          continue
        }
        taken.set(groupKey, used + 1)
      }
      chosen.push(id)
    }
  }
  if (chosen.length === 0) return []
  return (yield* tx.run(statements.leaseChosen, { ...common, ids: JSON.stringify(chosen) })).sort(inLeaseOrder)
}

/** Sets a group's cap (null: none) and pause. Units: `pausedUntil` is a time, null ends a pause. */
export function* setGroup(
  db: Db,
  tx: Tx,
  group: { key: string; cap?: number | null; pausedUntil?: Date | null },
  now: Date,
): Steps<void> {
  const { taskGroups } = engineTables(db.kit)
  const changed = {
    ...(group.cap === undefined ? {} : { cap: group.cap }),
    ...(group.pausedUntil === undefined ? {} : { pausedUntil: group.pausedUntil }),
    updatedAt: now,
  }
  yield tx
    .insert(taskGroups)
    .values({ key: group.key, ...changed })
    .onConflictDoUpdate({ target: taskGroups.key, set: changed })
    .returning()
}
