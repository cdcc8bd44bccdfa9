import { and, eq, gt, lte } from 'drizzle-orm'
import type { Clock } from '../../platform/clock.ts'
import { type Db, q, type Steps, type Tx } from '../../platform/db/index.ts'
import { invalidField } from '../envelope.ts'
import { replayTables } from './tables.ts'

const KEY = /^[\x21-\x7e]{1,128}$/
const KEEP_MS = 24 * 3_600_000

export interface Reply {
  status: number
  body: unknown
}
export interface RepeatableRequest {
  userId: string
  /** Template of the route. */
  route: string
  /** Idempotency-Key header. */
  key: string | null
  /** The validated body. */
  body: unknown
}

/** Repeated POSTs with the same Idempotency-Key have one effect and one answer, kept for 24 h (love-parser §1). */
export const createReplays = ({ db, clock }: { db: Db; clock: Clock }) => {
  const { replays } = replayTables(db.kit)

  /**
   * Runs `effect` in a transaction, or answers what it answered before. A failure is not recorded: what it threw is thrown.
   * @throws AppError 422 for a malformed key, or a known one with another body
   */
  const once = async ({ userId, route, key, body }: RepeatableRequest, effect: (tx: Tx) => Steps<Reply>): Promise<Response> => {
    if (key !== null && !KEY.test(key)) throw invalidField('Idempotency-Key', 'Must be 1 to 128 visible ASCII characters')
    const { status, text, replayed } = await db.tx(function* (tx) {
      if (key === null) {
        const reply = yield* effect(tx)
        return { status: reply.status, text: JSON.stringify(reply.body), replayed: false }
      }
      // Concurrent duplicates wait here for the first one.
      yield* tx.exclusive(`love-parser replay ${userId} ${route} ${key}`)
      const now = new Date(clock.now())
      const bodyHash = new Bun.CryptoHasher('sha256').update(JSON.stringify(body ?? null)).digest('hex')
      const [known] = yield* q(
        tx
          .select({ bodyHash: replays.bodyHash, status: replays.status, text: replays.body })
          .from(replays)
          .where(and(eq(replays.userId, userId), eq(replays.route, route), eq(replays.key, key), gt(replays.expiresAt, now))),
      )
      if (known) {
        if (known.bodyHash !== bodyHash) throw invalidField('Idempotency-Key', 'This key was used for another request')
        return { status: known.status, text: known.text, replayed: true }
      }
      const reply = yield* effect(tx)
      const kept = {
        bodyHash,
        status: reply.status,
        body: JSON.stringify(reply.body),
        expiresAt: new Date(now.getTime() + KEEP_MS),
        createdAt: now,
      }
      yield tx
        .insert(replays)
        .values({ userId, route, key, ...kept })
        .onConflictDoUpdate({ target: [replays.userId, replays.route, replays.key], set: kept })
        .returning({ key: replays.key })
      return { status: reply.status, text: kept.body, replayed: false }
    })
    return new Response(text, {
      status,
      headers: { 'content-type': 'application/json', ...(replayed ? { 'idempotency-replayed': 'true' } : {}) },
    })
  }

  return {
    once,
    *purge(tx: Tx, now: Date): Steps<void> {
      yield tx.delete(replays).where(lte(replays.expiresAt, now)).returning({ key: replays.key })
    },
  }
}
export type Replays = ReturnType<typeof createReplays>
