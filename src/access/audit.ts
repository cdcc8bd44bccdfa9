import { and, desc, eq, lt, or } from 'drizzle-orm'
import { type Clock, createId } from '../platform/clock.ts'
import { type Db, q, type Steps, type Tx } from '../platform/db/index.ts'
import type { Principal } from '../platform/http/family.ts'
import type { Bus } from '../platform/shared.ts'
import { auditTables } from './tables.ts'

export type AuditRow = ReturnType<typeof auditTables>['auditLog']['$inferSelect']

/** What an operator has changed. */
export interface AuditEntry {
  actor: Principal
  /** What was done, `user.block`. */
  action: string
  target: { kind: string; id: string }
  /** The parts that changed, without secrets. */
  before?: Record<string, unknown>
  after?: Record<string, unknown>
  reason: string
  requestId: string
  ip: string
}
/** What was done in this process, after the commit, without values. */
export const AUDITED = 'access.audited'
export interface Audited {
  action: string
  target: { kind: string; id: string }
  actor: { kind: string; id: string; name: string | null }
}
/** The place after which a page goes on: time in milliseconds, and id. */
export type AuditPlace = readonly [at: number, id: string]

/** What operators have changed in any family, with who and why (operations §1). A row is written in the transaction of its change. */
export const createAudit = ({ db, clock, bus }: { db: Db; clock: Clock; bus: Bus }) => {
  const { auditLog } = auditTables(db.kit)
  return {
    *add(tx: Tx, { actor, action, target, before, after, reason, requestId, ip }: AuditEntry): Steps<void> {
      yield* q(
        tx
          .insert(auditLog)
          .values({
            id: createId(clock),
            at: new Date(clock.now()),
            actorKind: actor.kind,
            actorId: actor.id,
            actorName: actor.name ?? null,
            action,
            targetKind: target.kind,
            targetId: target.id,
            before: before ?? null,
            after: after ?? null,
            reason,
            requestId,
            ip,
          })
          .returning({ id: auditLog.id }),
      )
      const { kind, id, name } = actor
      const message: Audited = { action, target, actor: { kind, id, name: name ?? null } }
      tx.afterCommit(() => bus.publishHere(AUDITED, message))
    },
    /** Of one target, newest first. */
    list: (target: { kind: string; id: string }, limit: number, after?: AuditPlace): Promise<AuditRow[]> => {
      const at = after && new Date(after[0])
      return db.q
        .select()
        .from(auditLog)
        .where(
          and(
            eq(auditLog.targetKind, target.kind),
            eq(auditLog.targetId, target.id),
            after && at ? or(lt(auditLog.at, at), and(eq(auditLog.at, at), lt(auditLog.id, after[1]))) : undefined,
          ),
        )
        .orderBy(desc(auditLog.at), desc(auditLog.id))
        .limit(limit) as unknown as Promise<AuditRow[]>
    },
  }
}
export type Audit = ReturnType<typeof createAudit>
