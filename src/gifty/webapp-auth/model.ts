import { z } from 'zod'
import { ROLES } from '../../access/subscribers.ts'
import { text } from '../fields.ts'

export const authBody = z
  .object({ init_data: text(0, 4096).describe('`initData` of the mini app, as Telegram gives it') })
  .meta({ examples: [{ init_data: 'auth_date=1768467600&user=%7B%22id%22%3A700001%7D&hash=9f2c1d6e' }] })
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
  .meta({
    id: 'DashboardLogin',
    examples: [
      {
        status: 'ok',
        user: { id: 700001, name: 'Ann', role: 'admin', permissions: [] },
        token: 'eyJhbGciOiJIUzI1NiJ9.e30.signature',
        token_type: 'Bearer',
        expires_in: 43200,
      },
    ],
  })
export type AuthAnswer = z.infer<typeof authAnswer>
