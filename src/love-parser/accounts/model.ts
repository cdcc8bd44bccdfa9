import { z } from 'zod'

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
