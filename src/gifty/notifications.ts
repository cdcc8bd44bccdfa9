import { z } from 'zod'
import { type Clock, createId, MINUTE_MS } from '../platform/clock.ts'
import type { Db, Steps, Tx } from '../platform/db/index.ts'
import type { Log } from '../platform/log.ts'
import { createLru } from '../platform/shared.ts'
import { defineKind, type Engine, type Outbox } from '../tasks/index.ts'

const LIFE_MS = 86_400_000

/** A notification as its delivering worker gets it, in a task or in a message (gifty §2.7, §4). */
export const notificationPayload = z
  .object({
    topic: z.string(),
    text: z.string().describe('Telegram Markdown for the topic `private`, HTML for all others'),
    data: z.record(z.string(), z.unknown()),
    timestamp: z.iso.datetime(),
  })
  .meta({
    id: 'NotificationPayload',
    examples: [
      {
        topic: 'scraping',
        text: 'tea: the catalogue answered 503',
        data: { source_id: 1, site_key: 'tea', is_broken: false },
        timestamp: '2026-01-15T09:00:12.000Z',
      },
    ],
  })

export interface Notification {
  topic: string
  /** HTML: whatever is not ours must be escaped. */
  text: string
  data: Record<string, unknown>
}

/** Without AMQP a notification is a task that expires after 24 h (gifty §2.7). */
export const notificationKind = defineKind('notification')
/** With AMQP it is a message of this queue. */
const NOTIFICATIONS_QUEUE = 'notifications'

export const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** Most characters of a text in a notification, which Telegram cuts at 4,096 with its markup. */
const MAX_SHOWN = 3000

/** The beginning and the end of escaped text, without halves of entities. */
const headOf = (html: string, max: number) => html.slice(0, max).replace(/&[a-z]*$/, '')
const tailOf = (html: string, max: number) => html.slice(-max).replace(/^[a-z]*;/, '')
export const shortened = (html: string, max: number) => (html.length > max ? `${headOf(html, max)}…` : html)
/** Both ends of a text that is too long to be shown: a traceback has the error at its end, and the place at its beginning. */
export const bothEnds = (html: string): string =>
  html.length <= MAX_SHOWN ? html : `${headOf(html, MAX_SHOWN / 3)}\n…\n${tailOf(html, (MAX_SHOWN / 3) * 2)}`

/** `outbox` is given where a broker is configured. */
export const createNotifications = (engine: Engine, clock: Clock, outbox?: Outbox) => ({
  /** Queues notifications in the caller's transaction. */
  *add(tx: Tx, notifications: Notification[]): Steps<void> {
    const now = clock.now()
    const bodies = notifications.map(({ topic, text, data }) => ({ topic, text, data, timestamp: new Date(now).toISOString() }))
    if (outbox)
      yield* outbox.add(
        tx,
        bodies.map((body) => ({ queue: NOTIFICATIONS_QUEUE, messageId: createId(clock), body })),
      )
    else
      yield* engine.enqueue(
        tx,
        bodies.map((payload) => ({ kind: notificationKind.kind, payload, expiresAt: new Date(now + LIFE_MS) })),
      )
  },
})
export type Notifications = ReturnType<typeof createNotifications>

const MAX_ROUTES = 1000

/** One `system_error` notification per route and minute (gifty §1.2). */
export const createSystemErrors = (db: Db, clock: Clock, notifications: Notifications) => {
  const reportedAt = createLru<string, number>(MAX_ROUTES)
  return {
    /** Queues the notification behind the answer; a database that is down keeps it from being sent, not the answer. */
    report(route: string, log: Log): void {
      const now = clock.now()
      if (now - (reportedAt.get(route) ?? Number.NEGATIVE_INFINITY) < MINUTE_MS) return
      reportedAt.set(route, now)
      db.tx((tx) => notifications.add(tx, [{ topic: 'system_error', text: 'Unexpected error', data: { route } }])).catch(
        (error) => log.warn('a system_error notification could not be queued', { route, error }),
      )
    },
  }
}
export type SystemErrors = ReturnType<typeof createSystemErrors>
