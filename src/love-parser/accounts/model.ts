import { z } from 'zod'
import { CATEGORIES } from '../subscriptions/periods.ts'
import type { SubscriptionView } from '../subscriptions/service.ts'
import type { SeenUser } from './repository.ts'
import type { Profile } from './tables.ts'

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
  .meta({ id: 'LoveParserUser' })
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
  const told = namesOf({ fullName: null, profile: user.profile })
  const photo = (from: Record<string, unknown>) => textOf(from.avatarUrl) ?? textOf(from.photoUrl) ?? textOf(from.photo_url)
  return {
    name:
      textOf(user.fullName) ??
      textOf(user.profile.displayName) ??
      textOf([told.first, told.last].filter((part) => part !== null).join(' ')),
    username: user.telegramUsername === null ? null : `@${user.telegramUsername.replace(/^@/, '')}`,
    photo_url: photo(user.profile) ?? photo(telegram),
    phone: user.phoneNumber,
  }
}
