import { and, asc, eq, inArray, isNotNull, isNull, lte } from 'drizzle-orm'
import type { Broker } from '../platform/broker/index.ts'
import type { Clock } from '../platform/clock.ts'
import { type Db, q, type Steps, type Tx } from '../platform/db/index.ts'
import { engineTables } from './tables.ts'

/**
 * Transactional outbox: a message is written with what causes it and leaves afterwards, so that an outage of the broker delays but
 * never loses one. At least once: a crash between confirm and mark sends it again, with the same message id.
 */
export const createOutbox = (db: Db, clock: Clock) => {
  const { outbox } = engineTables(db.kit)

  function* add(tx: Tx, messages: { queue: string; messageId: string; body: unknown }[]): Steps<void> {
    if (messages.length === 0) return
    const createdAt = new Date(clock.now())
    yield tx
      .insert(outbox)
      .values(messages.map((message) => ({ ...message, createdAt })))
      .onConflictDoNothing()
      .returning({ id: outbox.id })
  }

  /** Withdraws an unpublished message; answers whether there was one. */
  function* drop(tx: Tx, messageId: string): Steps<boolean> {
    const gone = yield* q(
      tx
        .delete(outbox)
        .where(and(eq(outbox.messageId, messageId), isNull(outbox.publishedAt)))
        .returning({ id: outbox.id }),
    )
    return gone.length > 0
  }

  /** Publishes up to `max` waiting messages, oldest first, and marks those the broker confirmed. Stops at the first refusal. */
  const relay = async (broker: Broker, max = 100): Promise<{ published: number; error?: unknown }> => {
    const waiting = await db.q.select().from(outbox).where(isNull(outbox.publishedAt)).orderBy(asc(outbox.id)).limit(max)
    const confirmed: number[] = []
    let failure: unknown
    for (const { id, queue, messageId, body } of waiting) {
      try {
        await broker.publish({ queue, messageId, body })
        confirmed.push(id)
      } catch (error) {
        failure = error
        break
      }
    }
    if (confirmed.length > 0)
      await db.q
        .update(outbox)
        .set({ publishedAt: new Date(clock.now()) })
        .where(inArray(outbox.id, confirmed))
        .returning({ id: outbox.id })
    return failure === undefined ? { published: confirmed.length } : { published: confirmed.length, error: failure }
  }

  /** Forgets messages published before `before`. */
  function* purge(tx: Tx, before: Date): Steps<void> {
    yield tx
      .delete(outbox)
      .where(and(isNotNull(outbox.publishedAt), lte(outbox.publishedAt, before)))
      .returning({ id: outbox.id })
  }

  return { add, drop, relay, purge }
}
export type Outbox = ReturnType<typeof createOutbox>
