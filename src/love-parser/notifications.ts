import { and, asc, desc, eq, inArray, isNull, lte, sql } from 'drizzle-orm'
import { z } from 'zod'
import { type Clock, createId } from '../platform/clock.ts'
import { type Db, q, type Steps, type Tx } from '../platform/db/index.ts'
import { isJsonType } from '../platform/http/request.ts'
import { takes } from '../platform/http/schema.ts'
import type { Bus } from '../platform/shared.ts'
import { defineKind, type Engine, type Outbox } from '../tasks/index.ts'
import { invalidField, invalidRequest, unreadableBody, wrongMediaType } from './envelope.ts'
import { NotificationRefused, type RefusedFacts } from './subscriptions/refused-notifications.ts'
import { notificationsTables } from './tables.ts'
import { say, type TextKey } from './texts.ts'

/** The texts of notifications, and the facts that each text needs (love-parser §8). */
export interface TemplateFacts {
  SUBSCRIPTION_EXPIRING: { plan_name: string; expires_at: string }
  PAYMENT_PENDING_REMINDER: { order_id: string; plan_name: string; amount: string }
  DATA_REMOVAL: { searches: number; segments: number }
}
export type Template = keyof TemplateFacts

/** `2026-03-01T09:30:00.000Z` as `01.03.2026 09:30 UTC`. */
const shownTime = (iso: string): string => {
  const [, year, month, day, time] = /^(\d+)-(\d\d)-(\d\d)T(\d\d:\d\d)/.exec(iso) ?? []
  return `${day}.${month}.${year} ${time} UTC`
}

const TEXTS: { [T in Template]: (facts: TemplateFacts[T]) => string } = {
  SUBSCRIPTION_EXPIRING: ({ plan_name, expires_at }) =>
    `Подписка «${plan_name}» закончится ${shownTime(expires_at)}. Продлите её, чтобы не потерять доступ к поиску и аудиториям.`,
  PAYMENT_PENDING_REMINDER: ({ order_id, plan_name, amount }) =>
    `Заказ № ${order_id} ждёт оплаты: подписка «${plan_name}», ${amount.replace('.', ',')} ₽. Неоплаченный заказ отменится через сутки после создания.`,
  DATA_REMOVAL: ({ searches, segments }) =>
    `Подписка закончилась более двух суток назад, поэтому ваши данные удалены. Поисков: ${searches}, сегментов: ${segments}.`,
}

/** The text of a template for a person to read. */
export const messageOf = <T extends Template>(template: T, facts: TemplateFacts[T]): string => TEXTS[template](facts)

/** Bus topic of `NotificationMessage`s. */
export const NOTIFICATION_TOPIC = 'love-parser.notification'
/** The broker's durable queue for the same messages (love-parser §8). */
const NOTIFICATION_QUEUE = 'love_parser.notifications'
/** A task sends what one transaction has written. Enough tries for half a day without a database. */
export const notificationsKind = defineKind('love-parser.notifications', { maxAttempts: 50 })

const CHANNELS = ['telegram', 'email', 'in_app'] as const
type Channel = (typeof CHANNELS)[number]
/** What still waits after this time has lost its task. */
const FORGOTTEN_AFTER_MS = 10 * 60_000
const LEFTOVERS_MAX = 100

/** The message that is sent (love-parser §8). */
export interface NotificationMessage {
  notificationId: string
  userId: string
  channel: Channel
  template: string
  message: string
  metadata: Record<string, unknown>
}
/** A notification to be written: its recipient, its text, and the key under which it is sent only once. */
export type Cause = {
  [T in Template]: { userId: string; template: T; facts: TemplateFacts[T]; metadata: Record<string, unknown>; dedupeKey: string }
}[Template]

export interface NotificationsDeps {
  clock: Clock
  bus: Bus
  repository: NotificationsRepository
  engine: Pick<Engine, 'enqueue'>
  /** `profile.notification_channel` of these people. */
  channelsOf(tx: Tx, userIds: string[]): Steps<ReadonlyMap<string, unknown>>
  /** Undefined without a broker: no process would relay the rows, and they would pile up. */
  outbox?: Outbox
}

const channelOf = (wanted: unknown): Channel => CHANNELS.find((channel) => channel === wanted) ?? 'telegram'
const messageFrom = ({ id, userId, channel, template, message, metadata }: NotificationRow): NotificationMessage => ({
  notificationId: id,
  userId,
  channel,
  template,
  message,
  metadata,
})
const inKeyOrder = (a: NewNotification, b: NewNotification) => {
  const [x, y] = [a, b].map((row) => [row.userId, row.template, row.dedupeKey].join('\n')) as [string, string]
  return x < y ? -1 : x > y ? 1 : 0
}

/** Notifications (love-parser §8): written with their cause, sent at least once. */
export const createNotifications = ({ clock, bus, repository, engine, channelsOf, outbox }: NotificationsDeps) => {
  const send = async (rows: NotificationRow[]): Promise<void> => {
    if (rows.length === 0) return
    for (const row of rows) bus.publish(NOTIFICATION_TOPIC, messageFrom(row))
    // After the sending: a crash in between sends twice; marking first could lose the message.
    await repository.markSent(
      rows.map((row) => row.id),
      new Date(clock.now()),
    )
  }
  return {
    /** Writes notifications in the transaction of their cause; one that the person already has is left out. */
    *add(tx: Tx, causes: readonly Cause[], now: Date): Steps<void> {
      if (causes.length === 0) return
      const channels = yield* channelsOf(tx, [...new Set(causes.map((cause) => cause.userId))].sort())
      const rows = causes
        .map(
          ({ userId, template, facts, metadata, dedupeKey }): NewNotification => ({
            id: createId(clock),
            userId,
            channel: channelOf(channels.get(userId)),
            template,
            message: messageOf(template, facts as never),
            metadata,
            dedupeKey,
            createdAt: now,
          }),
        )
        .sort(inKeyOrder)
      const written = yield* repository.insert(tx, rows)
      if (written.length === 0) return
      yield* engine.enqueue(tx, [{ kind: notificationsKind.kind, payload: { ids: written.map((row) => row.id) } }], now)
      if (outbox)
        yield* outbox.add(
          tx,
          written.map((row) => ({ queue: NOTIFICATION_QUEUE, messageId: row.id, body: messageFrom(row) })),
        )
    },

    /** Sends a stored notification once more, as if it had just been written. Answers it, undefined for an unknown one. */
    *resend(tx: Tx, id: string, now: Date): Steps<NotificationRow | undefined> {
      const row = yield* repository.reopen(tx, id)
      if (!row) return undefined
      yield* engine.enqueue(tx, [{ kind: notificationsKind.kind, payload: { ids: [row.id] } }], now)
      if (outbox) yield* outbox.add(tx, [{ queue: NOTIFICATION_QUEUE, messageId: row.id, body: messageFrom(row) }])
      return row
    },
    /** The newest of a person. */
    newestOf: repository.newestOf,

    /** Handler of `notificationsKind`: sends the rows of its transaction, and older ones that crashed processes left unsent. */
    async send(task: { payload: unknown }): Promise<void> {
      const { ids } = task.payload as { ids: string[] }
      await send(await repository.unsent(ids))
      await send(await repository.unsentUntil(new Date(clock.now() - FORGOTTEN_AFTER_MS), LEFTOVERS_MAX))
    },
  }
}
export type Notifications = ReturnType<typeof createNotifications>

export type NotificationRow = ReturnType<typeof notificationsTables>['notifications']['$inferSelect']
export type NewNotification = Omit<NotificationRow, 'sentAt'>

/** Queries of the notifications' outbox. */
export const notificationsRepository = (db: Db) => {
  const { notifications } = notificationsTables(db.kit)
  const unsent = sql`${notifications.sentAt} is null`
  return {
    /** Inserts `rows`, which are in key order; answers the new ones. A key that exists already is left out. */
    *insert(tx: Tx, rows: NewNotification[]): Steps<NotificationRow[]> {
      if (rows.length === 0) return []
      return yield* q(tx.insert(notifications).values(rows).onConflictDoNothing().returning())
    },
    /** Marks one as not sent; answers it. */
    *reopen(tx: Tx, id: string): Steps<NotificationRow | undefined> {
      return (yield* q(tx.update(notifications).set({ sentAt: null }).where(eq(notifications.id, id)).returning()))[0]
    },
    newestOf: (userId: string, max: number): Promise<NotificationRow[]> =>
      db.q
        .select()
        .from(notifications)
        .where(eq(notifications.userId, userId))
        .orderBy(desc(notifications.createdAt), desc(notifications.id))
        .limit(max) as unknown as Promise<NotificationRow[]>,
    unsent: (ids: string[]): Promise<NotificationRow[]> =>
      ids.length === 0
        ? Promise.resolve([])
        : (db.q
            .select()
            .from(notifications)
            .where(and(inArray(notifications.id, ids), isNull(notifications.sentAt)))
            .orderBy(asc(notifications.createdAt), asc(notifications.id)) as unknown as Promise<NotificationRow[]>),
    /** Those that were written by a time and still wait, oldest first. */
    unsentUntil: (until: Date, max: number): Promise<NotificationRow[]> =>
      db.q
        .select()
        .from(notifications)
        .where(and(unsent, lte(notifications.createdAt, until)))
        .orderBy(asc(notifications.createdAt), asc(notifications.id))
        .limit(max) as unknown as Promise<NotificationRow[]>,
    markSent: (ids: string[], at: Date): Promise<void> =>
      db.tx(function* (tx) {
        yield* q(
          tx
            .update(notifications)
            .set({ sentAt: at })
            .where(and(inArray(notifications.id, ids), unsent))
            .returning({ id: notifications.id }),
        )
      }),
  }
}
export type NotificationsRepository = ReturnType<typeof notificationsRepository>

const scalar = takes(
  z.preprocess((value) => (typeof value === 'boolean' ? String(value) : value), z.string()),
  { type: ['string', 'number', 'boolean'] },
)
const optional = scalar.nullish().transform((value) => (value === null || value === '' ? undefined : value))
const required = takes(
  z.preprocess((value) => (value === null ? undefined : value), z.string().min(1)),
  { type: ['string', 'number'] },
)

/** The fields of a payment notification (love-parser §6); numbers have become texts as they were written. Others are ignored. */
export const notificationFields = z
  .object({
    SignatureValue: required.describe('hex, any case'),
    InvId: required
      .refine((text) => text === '' || /^\d+$/.test(text), 'order_number' satisfies TextKey)
      .describe('number of the order'),
    OutSum: optional.describe('what was paid'),
    Sum: optional.describe('the same under its older name'),
    MerchantLogin: optional.describe('login of the shop'),
    IsTest: optional.describe('`1` for a payment of the test mode'),
    OutSumCurrency: optional.describe('currency of the sum'),
  })
  .meta({
    id: 'RobokassaNotification',
    description: 'And `Shp_*` parameters',
    examples: [{ OutSum: '950.00', InvId: '1', SignatureValue: '9f2c1d6e0b7a4c58a1e3f5d7092b4c6e' }],
  })

/** A notification as it was received: every value is the literal text that its signature covers. */
export interface PaymentNotification extends z.output<typeof notificationFields> {
  shp: [name: string, value: string][]
  /** JSON is answered with JSON, everything else with `OK<InvId>`. */
  json: boolean
}

/** Numbers of a JSON text as they are written in it: `950.000000` signs differently from `950`. */
const literally = (_key: string, value: unknown, context?: { source?: string }): unknown =>
  typeof value === 'number' ? (context?.source ?? String(value)) : value

/** Order and sum of what may be a notification, where they are texts. */
const factsOf = (value: unknown): RefusedFacts => {
  const { InvId, OutSum, Sum } = (value ?? {}) as Record<string, unknown>
  const text = (given: unknown) => (typeof given === 'string' ? given : undefined)
  return { order: text(InvId), sum: text(OutSum) ?? text(Sum) }
}
const checked = (value: unknown, json: boolean): PaymentNotification => {
  const result = notificationFields.safeParse(value, { reportInput: true })
  if (!result.success) throw new NotificationRefused('fields', invalidRequest(result.error), factsOf(value))
  const shp: [string, string][] = []
  for (const [name, given] of Object.entries(value as Record<string, unknown>)) {
    if (!/^shp_/i.test(name)) continue
    const text = scalar.safeParse(given)
    if (!text.success) throw new NotificationRefused('fields', invalidField(name, say('text_or_number')), factsOf(value))
    shp.push([name, text.data])
  }
  return { ...result.data, shp, json }
}

/** The first value of each name: a second one must not replace the value that was verified. */
const fieldsOf = (parameters: URLSearchParams): Record<string, string> => {
  const fields: Record<string, string> = Object.create(null)
  for (const [name, value] of parameters) fields[name] ??= value
  return fields
}

/**
 * Reads a notification from a JSON body, a form body, or the query when there is no body (love-parser §6 check 1).
 * @throws NotificationRefused 400 malformed JSON, 415 another media type, 422 missing or unusable fields
 */
export const readNotification = (request: {
  contentType: string | null
  bodyText: string
  query: URLSearchParams
}): PaymentNotification => {
  const { contentType, bodyText, query } = request
  if (isJsonType(contentType)) {
    let value: unknown
    try {
      value = JSON.parse(bodyText, literally as never)
    } catch {
      throw new NotificationRefused('unreadable', unreadableBody('body_not_json'), {})
    }
    return checked(value, true)
  }
  if (bodyText === '') return checked(fieldsOf(query), false)
  if (contentType !== null && /^\s*application\/x-www-form-urlencoded\s*(?:;|$)/i.test(contentType))
    return checked(fieldsOf(new URLSearchParams(bodyText)), false)
  throw new NotificationRefused('unreadable', wrongMediaType('media_type_form'), {})
}

/** The stored parameters of a callback: all but the signature. */
export const keptOf = ({
  SignatureValue: _signature,
  json: _json,
  shp,
  ...fields
}: PaymentNotification): Record<string, unknown> => ({
  ...fields,
  ...Object.fromEntries(shp),
})
