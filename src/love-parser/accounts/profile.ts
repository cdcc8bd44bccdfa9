import { Elysia } from 'elysia'
import { z } from 'zod'
import { CATEGORIES } from '../subscriptions/periods.ts'
import type { SubscriptionView } from '../subscriptions/service.ts'
import type { LoveParserSurface } from '../surface.ts'
import type { Profile } from '../tables.ts'
import type { Accounts, SeenUser } from './service.ts'

/** Profile and logout (love-parser §3). */
export const accountsRoutes = (surface: LoveParserSurface, accounts: Accounts) =>
  new Elysia({ prefix: '/auth', detail: { tags: ['love parser: profile'] } })
    .use(surface)
    .get('/me', ({ principal }) => accounts.me(principal), {
      rate: 'general',
      auth: 'user',
      response: { 200: authUserView },
      detail: { summary: 'Show the own profile', description: 'With plan and limits.' },
    })
    .get(
      '/logout',
      async ({ principal }) => {
        await accounts.logout(principal)
        return { success: true as const }
      },
      {
        rate: 'general',
        auth: 'blocked user',
        response: { 200: z.object({ success: z.literal(true) }) },
        detail: { summary: 'Revoke the token', description: 'Open streams under it end.' },
      },
    )

const text = z.string().nullable()
const limits = z
  .object({
    parsing_limit: z.int(),
    parsing_used: z.int(),
    parsing_resets_at: text,
    audience_limit: z.int(),
    audience_used: z.int(),
    audience_resets_at: text,
    broadcast_limit: z.int(),
    broadcast_used: z.int(),
    broadcast_resets_at: text,
  })
  .meta({ description: '−1 is unlimited' })

/** AuthUser (love-parser §3). */
export const authUserView = z
  .object({
    id: z.string(),
    phone_number: text,
    telegram_id: text,
    telegram_username: text,
    is_active: z.boolean(),
    telegram_profile_photo_id: text,
    first_name: text,
    last_name: text,
    subscription: z.object({ plan_type: text, status: text, expires_at: text }),
    limits,
  })
  .meta({
    id: 'LoveParserUser',
    examples: [
      {
        id: '0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e56',
        phone_number: '+79990000001',
        telegram_id: '700001',
        telegram_username: 'ann',
        is_active: true,
        telegram_profile_photo_id: null,
        first_name: 'Ann',
        last_name: null,
        subscription: { plan_type: 'month', status: 'active', expires_at: '2026-02-14T09:00:00.000Z' },
        limits: {
          parsing_limit: 100,
          parsing_used: 3,
          parsing_resets_at: '2026-02-14T09:00:00.000Z',
          audience_limit: 50,
          audience_used: 1,
          audience_resets_at: '2026-02-14T09:00:00.000Z',
          broadcast_limit: -1,
          broadcast_used: 0,
          broadcast_resets_at: null,
        },
      },
    ],
  })
export type AuthUser = z.infer<typeof authUserView>

/** The value as text; null for what is neither a non-empty text nor a number. */
const textOf = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : null
const record = (value: unknown): Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : {}

const photoOf = (profile: Profile): string | null => {
  const telegram = record(profile.telegram)
  return (
    textOf(telegram.photoId) ??
    textOf(telegram.profilePhotoId) ??
    textOf(record(telegram.photo).id) ??
    textOf(telegram.profile_photo_id)
  )
}
const namesOf = ({ fullName, profile }: Pick<SeenUser, 'fullName' | 'profile'>) => {
  const telegram = record(profile.telegram)
  const words = (fullName ?? '').trim().split(/\s+/).filter(Boolean)
  return {
    first: textOf(telegram.firstName) ?? words[0] ?? null,
    last: textOf(telegram.lastName) ?? (words.length > 1 ? words.slice(1).join(' ') : null),
  }
}

/** AuthUser (love-parser §3). */
export const authUser = (user: SeenUser, subscription: SubscriptionView): AuthUser => {
  const names = namesOf(user)
  const { current, active, status } = subscription
  const limits: Record<string, number | string | null> = {}
  for (const category of CATEGORIES) {
    const { limit, used, resetsAt } = subscription.limits[category]
    limits[`${category}_limit`] = limit
    limits[`${category}_used`] = used
    limits[`${category}_resets_at`] = resetsAt?.toISOString() ?? null
  }
  return {
    id: user.id,
    phone_number: user.phoneNumber,
    telegram_id: String(user.telegramId),
    telegram_username: user.telegramUsername,
    is_active: user.status === 'active',
    telegram_profile_photo_id: photoOf(user.profile),
    first_name: names.first,
    last_name: names.last,
    subscription:
      current && active
        ? { plan_type: current.planCode, status, expires_at: current.expiresAt.toISOString() }
        : { plan_type: null, status: null, expires_at: null },
    limits: limits as AuthUser['limits'],
  }
}

/** The dashboard's `user_profile` (love-parser §3). */
export const userProfile = (user: SeenUser) => {
  const telegram = record(user.profile.telegram)
  const names = namesOf({ fullName: null, profile: user.profile })
  const photo = (from: Record<string, unknown>) => textOf(from.avatarUrl) ?? textOf(from.photoUrl) ?? textOf(from.photo_url)
  return {
    name:
      textOf(user.fullName) ??
      textOf(user.profile.displayName) ??
      textOf([names.first, names.last].filter((part) => part !== null).join(' ')),
    username: user.telegramUsername === null ? null : `@${user.telegramUsername.replace(/^@/, '')}`,
    photo_url: photo(user.profile) ?? photo(telegram),
    phone: user.phoneNumber,
  }
}
