import { z } from 'zod'
import type { SubscriberQueries } from '../../access/subscribers.ts'
import { JobFailed } from '../../errors.ts'
import { type Clock, DAY_MS, HOUR_MS } from '../../platform/clock.ts'
import type { Db } from '../../platform/db/index.ts'
import { UpstreamError } from '../../platform/upstream.ts'
import { defineKind, type Engine, type JobHandler, type Schedule } from '../../tasks/index.ts'
import type { Notifications } from '../notifications.ts'
import { dayOf, wallOf } from './client.ts'
import { SLOTS, type Slot, type WeeekTask } from './index.ts'
import type { Weeek, WeeekRepository } from './service.ts'

/** When each reminder is due, by the wall clock of the account (gifty §11). */
const SLOT_OF_HOUR: Record<number, Slot> = { 9: 'today', 10: 'overdue', 18: 'tomorrow' }
const MAX_LINES = 30
const MAX_TITLE = 100
/** Telegram takes 4,096 characters. */
const MAX_TEXT = 4000
const HEADS: Record<string, Record<Slot, string>> = {
  ru: { today: 'Задачи на сегодня', overdue: 'Просроченные задачи', tomorrow: 'Задачи на завтра' },
  en: { today: 'Tasks for today', overdue: 'Overdue tasks', tomorrow: 'Tasks for tomorrow' },
}

/** One reminder of one account: the schedule enqueues it, this process runs it. */
export const reminderKind = defineKind('weeek.reminder', { keepFinishedMs: DAY_MS, keepDeadMs: 7 * DAY_MS })
const payload = z.object({ chat_id: z.int(), slot: z.enum(SLOTS), day: z.string() })

/** Topic `private` is read as Telegram's Markdown, where these begin something. */
const escapeMarkdown = (text: string) => text.replace(/[_*[`]/g, '\\$&')

/** Markdown, short enough for one message: a title, and each task with the day it is due in `zone`. */
const textOf = (slot: Slot, tasks: WeeekTask[], language: string, zone: string): string => {
  const head = (HEADS[language.slice(0, 2).toLowerCase()] ?? HEADS.en)?.[slot] as string
  const lines = [`*${head}*`]
  let length = (lines[0] as string).length
  for (const { title, id, date } of tasks.slice(0, MAX_LINES)) {
    const name = typeof title === 'string' && title.trim() !== '' ? title.trim() : `#${String(id)}`
    const shortName = name.length > MAX_TITLE ? `${name.slice(0, MAX_TITLE).toWellFormed()}...` : name
    const day = dayOf(date, zone)
    const line = `• ${escapeMarkdown(shortName)}${day === undefined ? '' : ` (${day})`}`
    length += 1 + line.length
    if (length > MAX_TEXT) break
    lines.push(line)
  }
  const more = tasks.length - (lines.length - 1)
  return [...lines, ...(more > 0 ? [`+${more}`] : [])].join('\n')
}

export interface RemindersDeps {
  db: Db
  clock: Clock
  engine: Pick<Engine, 'enqueue'>
  repository: WeeekRepository
  subscribers: Pick<SubscriberQueries, 'byChat'>
  weeek: Pick<Weeek, 'list'>
  notifications: Notifications
}

/** Reminders of Weeek tasks: per account, slot and day of its zone once, whatever crashes or repeats in between. */
export const createReminders = ({ db, clock, engine, repository, subscribers, weeek, notifications }: RemindersDeps) => {
  /** Enqueues the reminders that are due now by the local times of the accounts. */
  const schedule: Schedule = {
    name: 'gifty.weeek-reminders',
    cron: '*/5 * * * *',
    *fire(tx, { now }) {
      const due = new Map<string, { slot: Slot; day: string }>()
      for (const zone of yield* repository.zones(tx)) {
        const { day, hour } = wallOf(zone, now.getTime())
        const slot = SLOT_OF_HOUR[hour]
        if (slot) due.set(zone, { slot, day })
      }
      const accounts = yield* repository.inZones(tx, [...due.keys()])
      const tasks = accounts.flatMap(({ telegramChatId: chat_id, timezone, lastReminders }) => {
        const found = due.get(timezone)
        if (!found || lastReminders[found.slot] === found.day) return []
        const { slot, day } = found
        return { kind: reminderKind.kind, payload: { chat_id, slot, day }, dedupeKey: `${chat_id} ${slot} ${day}` }
      })
      yield* engine.enqueue(
        tx,
        tasks.map((task) => ({ ...task, expiresAt: new Date(now.getTime() + HOUR_MS) })),
        now,
      )
      return undefined
    },
  }

  /** @throws JobFailed, to be tried again, when Weeek cannot be reached */
  const run = async (task: { payload: unknown }): Promise<void> => {
    const { chat_id: chatId, slot, day } = payload.parse(task.payload)
    const account = await repository.find(chatId)
    const subscriber = await subscribers.byChat(chatId)
    if (!account?.isActive || !subscriber?.isActive || account.lastReminders[slot] === day) return
    if (wallOf(account.timezone, clock.now()).day !== day) return
    const tasks = await weeek.list(account, slot).catch((error) => {
      if (!(error instanceof UpstreamError)) throw error
      // A revoked token: a retry every five minutes would not help.
      if (error.status === 401 || error.status === 403) return []
      throw new JobFailed(error.message, true)
    })
    await db.tx(function* (tx) {
      const current = yield* repository.lock(tx, chatId)
      if (!current || current.lastReminders[slot] === day) return
      yield* repository.setReminded(tx, current.id, { ...current.lastReminders, [slot]: day }, new Date(clock.now()))
      if (tasks.length === 0) return
      const text = textOf(slot, tasks, subscriber.language, account.timezone)
      yield* notifications.add(tx, [{ topic: 'private', text, data: { target_chat_id: chatId, slot, day } }])
    })
  }
  const handler: JobHandler = {
    run: ({ task }) => run(task),
    concurrency: 4,
    leaseMs: 60_000,
    renewMs: 20_000,
    timeoutMs: 120_000,
  }
  return { schedule, handler }
}
