import type { Bus } from '../../platform/bus/index.ts'
import type { Clock } from '../../platform/clock.ts'
import { createId } from '../../platform/clock.ts'
import type { Steps, Tx } from '../../platform/db/index.ts'
import { defineKind, type Engine, type Outbox } from '../../tasks/index.ts'
import type { NewNotification, NotificationRow, NotificationsRepository } from './repository.ts'

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
export const NOTIFICATION_QUEUE = 'love_parser.notifications'
/** A task sends what one transaction has written. Enough tries for half a day without a database. */
export const notificationsKind = defineKind('love-parser.notifications', { maxAttempts: 50 })

const CHANNELS = ['telegram', 'email', 'in_app'] as const
type Channel = (typeof CHANNELS)[number]
/** What still waits after this time has lost its task. */
const FORGOTTEN_AFTER_MS = 10 * 60_000
const LEFTOVERS_MAX = 100

/** What is sent (love-parser §8). */
export interface NotificationMessage {
  notificationId: string
  userId: string
  channel: Channel
  template: string
  message: string
  metadata: Record<string, unknown>
}
/** Something to tell a person: what it says, and what it is about, of which the person hears once. */
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
  /** Given when a broker is configured: rows that nobody relays would only pile up. */
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
    // After the sending: a crash between the two sends again, the other way round it would never be sent.
    await repository.markSent(
      rows.map((row) => row.id),
      new Date(clock.now()),
    )
  }
  return {
    /** Writes notifications in the transaction of their cause; what a person was told before is left out. */
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

    /** Handler of `notificationsKind`: sends what its transaction wrote, and what others have left behind. */
    async send(task: { payload: unknown }): Promise<void> {
      const { ids } = task.payload as { ids: string[] }
      await send(await repository.unsent(ids))
      await send(await repository.unsentUntil(new Date(clock.now() - FORGOTTEN_AFTER_MS), LEFTOVERS_MAX))
    },
  }
}
export type Notifications = ReturnType<typeof createNotifications>
