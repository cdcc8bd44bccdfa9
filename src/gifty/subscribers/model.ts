import { z } from 'zod'
import { ROLES, type SubscriberRow } from '../../access/subscribers.ts'
import { boolean, integer, isoTime, text, time } from '../fields.ts'

const NAME_MAX = 1000
const SLUG_MAX = 100
const PASSWORD_MAX = 256

/** A subscriber on the wire, always exactly these fields (gifty §7). */
export const subscriberView = z
  .object({
    id: z.int(),
    chat_id: z.int().nullable(),
    slug: z.string().nullable(),
    name: z.string().nullable(),
    mentor_id: z.int().nullable(),
    subscriptions: z.array(z.string()),
    language: z.string(),
    is_active: z.boolean(),
    role: z.enum(ROLES),
    permissions: z.array(z.string()),
    created_at: time(),
    updated_at: time(),
  })
  .meta({
    id: 'Subscriber',
    examples: [
      {
        id: 3,
        chat_id: 700001,
        slug: 'ann',
        name: 'Ann',
        mentor_id: null,
        subscriptions: ['scraping'],
        language: 'ru',
        is_active: true,
        role: 'user',
        permissions: [],
        created_at: '2026-01-10T12:00:00.000Z',
        updated_at: '2026-01-10T12:00:00.000Z',
      },
    ],
  })
export type SubscriberView = z.infer<typeof subscriberView>

export const toSubscriber = (row: SubscriberRow, subscriptions: string[]): SubscriberView => ({
  id: row.id,
  chat_id: row.chatId,
  slug: row.slug,
  name: row.name,
  mentor_id: row.mentorId,
  subscriptions,
  language: row.language,
  is_active: row.isActive,
  role: row.role,
  permissions: row.permissions,
  created_at: isoTime(row.createdAt),
  updated_at: isoTime(row.updatedAt),
})

/** A user name or slug as it is stored: trimmed, lower case, without leading `@`. */
export const normaliseName = (name: string): string => name.trim().replace(/^@+/, '').trim().toLowerCase()
/** What can be a user name, once it is normalised. */
export const isUsername = (name: string): boolean => /^[\p{L}\p{N}_.-]{1,64}$/u.test(name)

/** A path's chat id: null for a well-formed one that no chat can have, however large. */
const chatPath = () =>
  z.preprocess((value) => {
    if (typeof value !== 'string' || !/^[+-]?\d+$/.test(value)) return value
    return Number.isSafeInteger(Number(value)) ? Number(value) : null
  }, integer().nullable())
const slug = () => text(0, SLUG_MAX)
const topic = () => text(1, 64).regex(/^[A-Za-z0-9_:-]*$/, 'Input should have letters, digits, "_", ":" and "-" only')
/** Without repeats; the first of equal ones counts. */
const permissions = () =>
  z
    .array(text(1, 64))
    .max(100)
    .transform((given) => [...new Set(given)])

export const chatParams = z.object({
  chat_id: chatPath()
    .describe('Telegram chat of the subscriber')
    .meta({ examples: [700001] }),
})
export const topicParams = z.object({
  topic: topic()
    .describe('name of the topic')
    .meta({ examples: ['scraping'] }),
})
export const usernameParams = z.object({
  username: text()
    .describe('user name, in any case, with or without `@`')
    .meta({ examples: ['ann'] }),
})
export const listQuery = z.object({
  limit: integer(1, 1000).optional().describe('most subscribers; all of them when absent'),
  after_id: integer().optional().describe('only subscribers with a greater id: the last one of the page before'),
})
export const subscriberCreate = z
  .object({
    chat_id: integer(),
    name: text(0, NAME_MAX).nullish(),
    slug: slug().nullish(),
  })
  .meta({ examples: [{ chat_id: 700001, name: 'Ann', slug: 'ann' }] })
export const subscriberPatch = z
  .object({
    name: text(0, NAME_MAX).nullish(),
    slug: slug().nullish(),
    is_active: boolean().nullish(),
  })
  .meta({ examples: [{ name: 'Ann', is_active: true }] })
export const roleQuery = z.object({
  role: z
    .enum(ROLES)
    .describe('the new role')
    .meta({ examples: ['admin'] }),
})
export const topicQuery = z.object({
  topic: topic()
    .describe('name of the topic')
    .meta({ examples: ['scraping'] }),
})
export const languageQuery = z.object({
  language: text(2, 8)
    .regex(/^[A-Za-z-]*$/, 'Input should have letters and "-" only')
    .describe('language code')
    .meta({ examples: ['ru'] }),
})
export const permissionsBody = permissions().meta({ examples: [['sources', 'runs']] })
export const inviteCreate = z
  .object({
    username: text(),
    password: text(1, PASSWORD_MAX),
    name: text(0, NAME_MAX).nullish(),
    mentor_id: integer().nullish(),
    permissions: permissions().nullish(),
  })
  .meta({ examples: [{ username: 'boris', password: 'a long secret', name: 'Boris' }] })
export const inviteClaim = z
  .object({
    username: text(),
    password: text(1, PASSWORD_MAX),
    chat_id: integer(),
    name: text(0, NAME_MAX).nullish(),
  })
  .meta({ examples: [{ username: 'boris', password: 'a long secret', chat_id: 700002 }] })
export type SubscriberCreate = z.output<typeof subscriberCreate>
export type SubscriberPatch = z.output<typeof subscriberPatch>
export type InviteCreate = z.output<typeof inviteCreate>
export type InviteClaim = z.output<typeof inviteClaim>
