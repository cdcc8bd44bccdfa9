import { defineKind, type Engine } from '../engine/index.ts'
import type { Clock } from '../platform/clock.ts'
import type { Steps, Tx } from '../platform/db/index.ts'

const LIFE_MS = 86_400_000

export interface Notification {
  topic: string
  /** HTML: whatever is not ours must be escaped. */
  text: string
  data: Record<string, unknown>
}

/** Without AMQP a notification is a task that expires after 24 h (gifty §2.7). */
export const notificationKind = defineKind('notification')

export const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

export const createNotifications = (engine: Engine, clock: Clock) => ({
  /** Queues notifications in the caller's transaction. */
  *add(tx: Tx, notifications: Notification[]): Steps<void> {
    const now = clock.now()
    yield* engine.enqueue(
      tx,
      notifications.map((notification) => ({
        kind: notificationKind.kind,
        payload: { ...notification, timestamp: new Date(now).toISOString() },
        expiresAt: new Date(now + LIFE_MS),
      })),
    )
  },
})
export type Notifications = ReturnType<typeof createNotifications>
