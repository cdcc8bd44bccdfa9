import { Elysia } from 'elysia'
import { z } from 'zod'
import { AppError } from '../../errors.ts'
import { callerOf } from '../../platform/http/request.ts'
import { TelegramError, type TelegramProblem } from '../../platform/telegram/user-api/port.ts'
import { authUserView } from '../accounts/profile.ts'
import { loginCode, phoneNumber, uuid } from '../fields.ts'
import { ipOf, type LoveParserSurface, problems } from '../surface.ts'
import type { TelegramAuth } from './service.ts'

/** Login with a Telegram code (love-parser §3). */
export const telegramAuthRoutes = (surface: LoveParserSurface, auth: TelegramAuth) =>
  new Elysia({ prefix: '/telegram/auth', detail: { tags: ['love parser: login'] } })
    .use(surface)
    .post('/send-code', ({ call, body }) => auth.sendCode(body.phone_number, callerOf(ipOf(call))), {
      rate: 'general',
      bodyLimit: 'json',
      anyone: true,
      body: sendCodeRequest,
      response: { 200: sendCodeView },
      detail: { summary: 'Send a login code', description: 'One code a minute and five an hour for a number.' },
    })
    .post('/verify-code', ({ request, body }) => auth.verifyCode(body, request.headers.get('user-agent')), {
      rate: 'general',
      bodyLimit: 'json',
      anyone: true,
      body: verifyRequest,
      response: { 200: loginView, ...problems(401, 403) },
      detail: {
        summary: 'Log in with the code',
        description:
          'Five wrong codes or passwords end the session. With two-step verification the same session and code are sent again with the password.',
      },
    })

const sendCodeRequest = z
  .object({
    phone_number: phoneNumber(),
  })
  .meta({ examples: [{ phone_number: '+79990000001' }] })
const sendCodeView = z.object({ auth_session_id: z.string(), phone_code_hash: z.string() }).meta({
  id: 'SentCode',
  examples: [{ auth_session_id: '0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34', phone_code_hash: 'a1b2c3d4e5' }],
})
export const verifyRequest = z
  .object({
    auth_session_id: uuid(),
    code: loginCode(),
    password: z.string().min(1).nullish().describe('of two-step verification, when it is asked for'),
  })
  .meta({ examples: [{ auth_session_id: '0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34', code: '12345' }] })
export type VerifyRequest = z.output<typeof verifyRequest>
const loginView = z
  .object({ access_token: z.string().meta({ examples: ['eyJhbGciOiJIUzI1NiJ9.e30.signature'] }), user: authUserView })
  .meta({ id: 'Login' })

const ANSWERS: Record<Exclude<TelegramProblem, 'flood' | 'phone_migrate'>, [code: string, status: number, message: string]> = {
  invalid_phone: ['INVALID_PHONE_NUMBER', 400, 'This phone number cannot be used with Telegram'],
  password_needed: ['SESSION_PASSWORD_NEEDED', 401, 'Please enter your two-step verification password'],
  password_invalid: ['SESSION_PASSWORD_NEEDED', 401, 'The two-step verification password is wrong'],
  code_invalid: ['CODE_INVALID', 400, 'The code is wrong'],
  code_expired: ['CODE_EXPIRED', 400, 'The code has expired, please request a new one'],
  phone_occupied: ['PHONE_NUMBER_OCCUPIED', 400, 'This phone number is already in use'],
  invalid_code: ['INVALID_CODE', 400, 'The code is wrong'],
  session_revoked: ['CODE_EXPIRED', 400, 'The login was interrupted, please request a new code'],
  rejected: ['unavailable', 503, 'Telegram cannot be reached at the moment, please try again later'],
  unavailable: ['unavailable', 503, 'Telegram cannot be reached at the moment, please try again later'],
}

export const passwordNeeded = () => refusalFor('password_needed')
export const codeExpired = () => refusalFor('code_expired')
const refusalFor = (problem: keyof typeof ANSWERS, cause?: unknown) => {
  const [code, status, message] = ANSWERS[problem]
  return new AppError(code, status, message, { cause, ...(status === 503 ? { headers: { 'retry-after': '5' } } : {}) })
}

/** 429 with whole seconds to wait, at least one. */
export const tooManyCodes = (seconds: number) => {
  const retryAfter = Math.max(1, Math.ceil(seconds))
  return new AppError('rate_limited', 429, `Too many attempts, please try again in ${retryAfter} s`, {
    details: { retryAfter },
    headers: { 'retry-after': String(retryAfter) },
  })
}

/** What Telegram said, in the contract's words (love-parser §3). Anything else is not Telegram's and passes as it is. */
export const loginProblem = (error: unknown): unknown => {
  if (!(error instanceof TelegramError)) return error
  if (error.problem === 'flood') return tooManyCodes(error.seconds ?? 60)
  if (error.problem === 'phone_migrate')
    return new AppError('PHONE_MIGRATE', 400, 'This phone number belongs to another Telegram data centre', {
      details: { dc: error.dc },
    })
  return refusalFor(error.problem, error)
}
