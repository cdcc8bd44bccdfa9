import { z } from 'zod'
import { absent, integer, text } from '../fields.ts'
import { isDay, isZone } from './client.ts'

/** What a list can be narrowed to (gifty §11). */
export const TASK_TYPES = ['all', 'today', 'tomorrow', 'overdue', 'workspace'] as const
export type TaskType = (typeof TASK_TYPES)[number]
export const SLOTS = ['today', 'overdue', 'tomorrow'] as const
export type Slot = (typeof SLOTS)[number]
/** The last day, in the account's zone, that each reminder was given for. */
export type RemindedDays = Partial<Record<Slot, string>>

/** A task as Weeek tells it; only what is looked at is named. */
export type WeeekTask = Record<string, unknown>

/** Weeek's ids are numbers, but nothing here depends on that. */
const weeekId = () => z.union([integer(), text(1, 64)])
const chatId = integer()
const day = () => text().refine(isDay, 'Input should be a date, YYYY-MM-DD')

export const connectBody = z.object({
  telegram_chat_id: chatId,
  weeek_api_token: text(1, 4096),
  timezone: text(1, 64).refine(isZone, 'Input should be an IANA time zone').nullish(),
})
export const connectAnswer = z.object({
  status: z.literal('ok'),
  weeek_user_id: z.string(),
  workspace_id: z.union([z.int(), z.string()]).nullable().describe('as Weeek has it'),
})
export const tasksQuery = z.object({
  telegram_chat_id: chatId,
  type: absent(z.enum(TASK_TYPES), 'all'),
  project_id: weeekId().optional(),
})
export const tasksAnswer = z.object({ tasks: z.array(z.record(z.string(), z.unknown()).describe('as Weeek tells it')) })
export const taskCreate = z.object({
  telegram_chat_id: chatId,
  title: text(1, 5000),
  description: text(0, 100_000).nullish(),
  project_id: weeekId().nullish(),
  board_id: weeekId().nullish(),
  due_date: day().nullish(),
})
export const taskParams = z.object({
  task_id: text(1, 64).regex(/^[\w-]*$/, 'Input should be a task id'),
})
export const rescheduleBody = z.object({ telegram_chat_id: chatId, new_date: day(), reason: text(0, 10_000) })
export const rescheduleAnswer = z.object({ status: z.literal('ok'), comment_added: z.boolean() })
export const completeBody = z.object({ telegram_chat_id: chatId })
export const upstreamAnswer = z.record(z.string(), z.unknown()).describe('the answer of Weeek')
export type ConnectBody = z.output<typeof connectBody>
export type TasksQuery = z.output<typeof tasksQuery>
export type TaskCreate = z.output<typeof taskCreate>
