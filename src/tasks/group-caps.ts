import type { Db, Steps, Tx } from '../platform/db/index.ts'
import type { Candidate } from './lease-statements.ts'
import type { EngineStatements } from './statements.ts'
import { engineTables } from './tables.ts'

/** The groups of a task: its own (a host, an account), and that of its site. */
const groupsOf = ({ group_key, site_key }: Pick<Candidate, 'group_key' | 'site_key'>): string[] => [
  ...(group_key === null ? [] : [group_key]),
  ...(site_key === null ? [] : [`site:${site_key}`]),
]

/** Caps on tasks that are leased at once, per group. */
export const createGroupCaps = (db: Db, statements: Pick<EngineStatements, 'lockCaps' | 'lockFreeCaps' | 'heldOfGroups'>) => ({
  /**
   * Those of the candidates that the caps of their groups allow, in their order, at most `max`; `full` are the groups that have no place
   * left. The groups are locked until the transaction ends, and counted under that lock. A second call of a transaction must not wait for
   * more groups, because two leases would meet crosswise: with `skip locked` a group that another one has locked counts as full.
   */
  *within(
    tx: Tx,
    candidates: readonly Candidate[],
    max: number,
    skip?: 'skip locked',
  ): Steps<{ chosen: Candidate[]; full: Set<string> }> {
    const full = new Set<string>()
    const keys = new Set(candidates.flatMap(groupsOf))
    const lock = skip ? statements.lockFreeCaps : statements.lockCaps
    const capped = keys.size === 0 ? [] : yield* tx.run(lock, { keys: [...keys] })
    if (capped.length === 0) return { chosen: candidates.slice(0, max), full }
    const left = new Map(capped.map(({ key, cap }) => [key, cap ?? 0]))
    for (const { key, held } of yield* tx.run(statements.heldOfGroups, { keys: [...left.keys()] }))
      left.set(key, (left.get(key) as number) - Number(held))
    const chosen: Candidate[] = []
    for (const candidate of candidates) {
      if (chosen.length === max) break
      const limited = groupsOf(candidate).filter((key) => left.has(key))
      if (limited.every((key) => (left.get(key) as number) > 0)) {
        chosen.push(candidate)
        for (const key of limited) left.set(key, (left.get(key) as number) - 1)
      }
    }
    for (const [key, places] of left) if (places <= 0) full.add(key)
    return { chosen, full }
  },
  /** Sets a group's cap (null: none) and pause. `pausedUntil` is a time, null ends a pause. */
  *set(tx: Tx, group: { key: string; cap?: number | null; pausedUntil?: Date | null }, now: Date): Steps<void> {
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
  },
})
