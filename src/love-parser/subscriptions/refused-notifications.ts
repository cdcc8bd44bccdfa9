import { and, desc, eq, lt, lte, or, sql } from 'drizzle-orm'
import { type Clock, createId, DAY_MS } from '../../platform/clock.ts'
import { type Db, q, type Steps, type Tx } from '../../platform/db/index.ts'
import { cleanText } from '../../platform/http/request.ts'
import type { Log } from '../../platform/log.ts'
import type { Metrics } from '../../platform/metrics.ts'
import { Refusal } from '../envelope.ts'
import { refusedNotificationsTables } from '../tables.ts'

/** Why a payment notification is refused, in the order of the checks (love-parser §6). */
export const REFUSAL_REASONS = [
  'unreadable',
  'fields',
  'shop',
  'address',
  'test_payment',
  'amount_missing',
  'signature',
  'order_unknown',
  'amount',
  'currency',
  'plan',
] as const
export type RefusalReason = (typeof REFUSAL_REASONS)[number]

/** What a notification says of its payment, as it was received. */
export interface RefusedFacts {
  order?: string | undefined
  sum?: string | undefined
}

/** A refusal of a payment notification: the answer to the shop, and what the operator has to know of it. */
export class NotificationRefused extends Refusal {
  constructor(
    readonly reason: RefusalReason,
    { code, status, said, more }: Refusal,
    readonly facts: RefusedFacts,
  ) {
    super(code, status, said, more)
  }
}

export type RefusedNotificationRow = ReturnType<typeof refusedNotificationsTables>['refusedNotifications']['$inferSelect']

/** Most rows of one reason, so that a flood of wrong signatures does not push out a payment that was signed rightly. */
const MAX_OF_REASON = 1000
const KEPT_MS = 90 * DAY_MS
/** Most characters of a text; a real one is shorter. */
const MAX_TEXT = 64
const cut = (text: string | undefined): string | null =>
  text === undefined ? null : cleanText(text).slice(0, MAX_TEXT).toWellFormed()

export interface RefusedNotificationsDeps {
  db: Db
  clock: Clock
  log: Log
  metrics: Pick<Metrics, 'counter'>
}

/** Refused payment notifications (love-parser §6): each may be money that somebody has paid, so it is stored, counted and logged. */
export const createRefusedNotifications = ({ db, clock, log, metrics }: RefusedNotificationsDeps) => {
  const { refusedNotifications } = refusedNotificationsTables(db.kit)
  const counter = metrics.counter('payment_notifications_refused_total', 'Payment notifications that were refused')
  for (const reason of REFUSAL_REASONS) counter.inc({ reason }, 0)

  /** Deletes what is more than the newest rows of a reason. */
  function* trim(tx: Tx, reason: RefusalReason): Steps<void> {
    const surplus = tx
      .select({ id: refusedNotifications.id })
      .from(refusedNotifications)
      .where(eq(refusedNotifications.reason, reason))
      .orderBy(desc(refusedNotifications.createdAt), desc(refusedNotifications.id))
      // SQLite has no offset without a limit.
      .limit(MAX_OF_REASON)
      .offset(MAX_OF_REASON)
    yield* q(
      tx
        .delete(refusedNotifications)
        .where(sql`${refusedNotifications.id} in (${surplus})`)
        .returning({ id: refusedNotifications.id }),
    )
  }

  return {
    /** Notes a refusal. A failure to store it is logged: the shop gets its answer all the same. */
    async note({ reason, facts }: NotificationRefused, address: string): Promise<void> {
      counter.inc({ reason })
      const row = { reason, orderNumber: cut(facts.order), sum: cut(facts.sum), address: cut(address) ?? '' }
      log.warn('a payment notification was refused', {
        reason,
        order: row.orderNumber,
        sum: row.sum,
        address: row.address,
      })
      try {
        await db.tx(function* (tx) {
          // One at a time, or two would each delete the rows that the other one keeps.
          yield* tx.exclusive('love-parser.refused-notifications')
          yield* q(
            tx
              .insert(refusedNotifications)
              .values({ id: createId(clock), createdAt: new Date(clock.now()), ...row })
              .returning({ id: refusedNotifications.id }),
          )
          yield* trim(tx, reason)
        })
      } catch (error) {
        log.error('a refused payment notification could not be stored', { reason, order: row.orderNumber, error })
      }
    },
    /** Newest first, of one order or of all. `after` is the place of the last row of the page before. */
    list: (
      order: string | undefined,
      limit: number,
      after?: readonly [at: number, id: string],
    ): Promise<RefusedNotificationRow[]> => {
      const { createdAt, id, orderNumber } = refusedNotifications
      const at = after && new Date(after[0])
      return db.q
        .select()
        .from(refusedNotifications)
        .where(
          and(
            order === undefined ? undefined : eq(orderNumber, order),
            after && at ? or(lt(createdAt, at), and(eq(createdAt, at), lt(id, after[1]))) : undefined,
          ),
        )
        .orderBy(desc(createdAt), desc(id))
        .limit(limit) as unknown as Promise<RefusedNotificationRow[]>
    },
    /** Deletes those that are older than 90 days. */
    *purge(tx: Tx, now: Date): Steps<void> {
      yield* q(
        tx
          .delete(refusedNotifications)
          .where(and(lte(refusedNotifications.createdAt, new Date(now.getTime() - KEPT_MS))))
          .returning({ id: refusedNotifications.id }),
      )
    },
  }
}
export type RefusedNotifications = ReturnType<typeof createRefusedNotifications>
