import { z } from 'zod'
import { ROLES } from '../../access/subscribers.ts'
import { text } from '../fields.ts'

export const authBody = z.object({ init_data: text(0, 4096) })
export const authAnswer = z
  .object({
    status: z.literal('ok'),
    user: z.object({
      id: z.int().describe('chat id'),
      name: z.string().nullable(),
      role: z.enum(ROLES),
      permissions: z.array(z.string()),
    }),
    token: z.string().describe('Bearer of the /internal routes'),
    token_type: z.literal('Bearer'),
    expires_in: z.int().describe('seconds'),
  })
  .meta({ id: 'DashboardLogin' })
export type AuthAnswer = z.infer<typeof authAnswer>
