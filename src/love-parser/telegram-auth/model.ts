import { z } from 'zod'
import { authUserView } from '../accounts/model.ts'
import { uuid } from '../fields.ts'

export const sendCodeRequest = z.object({
  phone_number: z
    .string()
    .trim()
    .regex(/^\+\d{10,15}$/, { message: 'Must be + and 10 to 15 digits' }),
})
export const sendCodeView = z.object({ auth_session_id: z.string(), phone_code_hash: z.string() }).meta({ id: 'SentCode' })
export const verifyRequest = z.object({
  auth_session_id: uuid(),
  code: z.string().regex(/^\d{3,6}$/, { message: 'Must be 3 to 6 digits' }),
  password: z.string().min(1).nullish(),
})
export type VerifyRequest = z.output<typeof verifyRequest>
export const loginView = z.object({ access_token: z.string(), user: authUserView }).meta({ id: 'Login' })
