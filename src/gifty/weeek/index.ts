import { Elysia } from 'elysia'
import { z } from 'zod'
import { MIB } from '../../platform/http/request.ts'
import { absent, integer, okResponse, text } from '../fields.ts'
import { type GiftySurface, problems } from '../surface.ts'
import { isDay, isZone } from './client.ts'
import type { Weeek } from './service.ts'

/** What a list can be narrowed to (gifty §11). */
export const TASK_TYPES = ['all', 'today', 'tomorrow', 'overdue', 'workspace'] as const
export type TaskType = (typeof TASK_TYPES)[number]
export const SLOTS = ['today', 'overdue', 'tomorrow'] as const
export type Slot = (typeof SLOTS)[number]
/** The last day, in the account's zone, that each reminder was given for. */
export type RemindedDays = Partial<Record<Slot, string>>

/** A task as Weeek sends it; only what is looked at is named. */
export type WeeekTask = Record<string, unknown>

/** Weeek's ids are numbers, but nothing here depends on that. */
const weeekId = () => z.union([integer(), text(1, 64)])
const chatId = integer()
  .describe('Telegram chat of the account')
  .meta({ examples: [700001] })
const day = () => text().refine(isDay, 'Input should be a date, YYYY-MM-DD')

export const connectBody = z
  .object({
    telegram_chat_id: chatId,
    weeek_api_token: text(1, 4096),
    timezone: text(1, 64).refine(isZone, 'Input should be an IANA time zone').nullish(),
  })
  .meta({ examples: [{ telegram_chat_id: 700001, weeek_api_token: 'a-token-of-weeek', timezone: 'Europe/Moscow' }] })
const connectAnswer = z
  .object({
    status: z.literal('ok'),
    weeek_user_id: z.string(),
    workspace_id: z.union([z.int(), z.string()]).nullable().describe('as Weeek has it'),
  })
  .meta({ examples: [{ status: 'ok', weeek_user_id: 'u-1', workspace_id: 911 }] })
export const tasksQuery = z.object({
  telegram_chat_id: chatId,
  type: absent(z.enum(TASK_TYPES), 'all').describe("what the list is narrowed to; days are those of the account's zone"),
  project_id: weeekId().optional().describe('only tasks of this project'),
})
const tasksAnswer = z.object({
  tasks: z.array(
    z
      .record(z.string(), z.unknown())
      .describe('as Weeek sends it')
      .meta({ examples: [{ id: 1, title: 'Call the shop', date: '2026-01-15', completed: false }] }),
  ),
})
export const taskCreate = z
  .object({
    telegram_chat_id: chatId,
    title: text(1, 5000),
    description: text(0, 100_000).nullish(),
    project_id: weeekId().nullish(),
    board_id: weeekId().nullish(),
    due_date: day().nullish(),
  })
  .meta({ examples: [{ telegram_chat_id: 700001, title: 'Call the shop', due_date: '2026-01-20' }] })
const taskParams = z.object({
  task_id: text(1, 64)
    .regex(/^[\w-]*$/, 'Input should be a task id')
    .describe('id of the task in Weeek')
    .meta({ examples: ['1'] }),
})
const rescheduleBody = z.object({ telegram_chat_id: chatId, new_date: day(), reason: text(0, 10_000) }).meta({
  examples: [{ telegram_chat_id: 700001, new_date: '2026-01-21', reason: 'The shop is closed today' }],
})
const rescheduleAnswer = z.object({ status: z.literal('ok'), comment_added: z.boolean() })
const completeBody = z.object({ telegram_chat_id: chatId })
const upstreamAnswer = z
  .record(z.string(), z.unknown())
  .describe('the answer of Weeek')
  .meta({ examples: [{ success: true, task: { id: 1, title: 'Call the shop' } }] })
export type ConnectBody = z.output<typeof connectBody>
export type TasksQuery = z.output<typeof tasksQuery>
export type TaskCreate = z.output<typeof taskCreate>

const params = taskParams

/** Routes of Weeek (gifty §11). */
export const weeekRoutes = (surface: GiftySurface, weeek: Weeek) =>
  new Elysia({ detail: { tags: ['gifty: weeek'] }, prefix: '/weeek' })
    .use(surface)
    .post('/connect', ({ body }) => weeek.connect(body), {
      auth: 'internal',
      bodyLimit: MIB,
      body: connectBody,
      response: { 200: connectAnswer, ...problems(400, 404, 502) },
      detail: {
        summary: 'Connect a Weeek account',
        description: 'Stores the token encrypted once Weeek has accepted it. Errors carry their message as `detail` too.',
      },
      errorDetail: true,
    })
    .get('/tasks', ({ query }) => weeek.tasks(query), {
      auth: 'internal',
      query: tasksQuery,
      response: { 200: tasksAnswer, ...problems(404, 502) },
      detail: {
        summary: 'List tasks of an account',
        description: "Its own ones, or those of the workspace; days are those of the account's zone.",
      },
    })
    .post('/tasks', ({ body }) => weeek.create(body), {
      auth: 'internal',
      bodyLimit: MIB,
      body: taskCreate,
      response: { 200: upstreamAnswer, ...problems(404, 502) },
      detail: { summary: 'Create a task', description: 'Answers what Weeek does.' },
    })
    .post(
      '/tasks/:task_id/reschedule',
      ({ params, body }) => weeek.reschedule(body.telegram_chat_id, params.task_id, body.new_date, body.reason),
      {
        auth: 'internal',
        bodyLimit: MIB,
        params,
        body: rescheduleBody,
        response: { 200: rescheduleAnswer, ...problems(404, 502) },
        detail: {
          summary: 'Move a task to another day',
          description: 'With the reason as a comment; `comment_added` says whether that worked too.',
        },
      },
    )
    .post('/tasks/:task_id/complete', ({ params, body }) => weeek.complete(body.telegram_chat_id, params.task_id), {
      auth: 'internal',
      bodyLimit: MIB,
      params,
      body: completeBody,
      response: { 200: okResponse, ...problems(404, 502) },
      detail: { summary: 'Complete a task', description: 'In Weeek.' },
    })
