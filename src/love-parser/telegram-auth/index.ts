import { Elysia } from 'elysia'
import { z } from 'zod'
import { callerOf } from '../../platform/http/request.ts'
import { TelegramError, type TelegramProblem } from '../../platform/telegram/user-api/port.ts'
import { authUserView } from '../accounts/profile.ts'
import { Refusal } from '../envelope.ts'
import { loginCode, phoneNumber, uuid } from '../fields.ts'
import { ipOf, type LoveParserSurface, problems } from '../surface.ts'
import { type Said, say, type TextKey } from '../texts.ts'
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

const ANSWERS: Record<Exclude<TelegramProblem, 'flood' | 'phone_migrate'>, [code: string, status: number, text: TextKey]> = {
  invalid_phone: ['INVALID_PHONE_NUMBER', 400, 'phone_unusable'],
  password_needed: ['SESSION_PASSWORD_NEEDED', 401, 'password_needed'],
  password_invalid: ['SESSION_PASSWORD_NEEDED', 401, 'password_wrong'],
  code_invalid: ['CODE_INVALID', 400, 'code_wrong'],
  code_expired: ['CODE_EXPIRED', 400, 'code_expired'],
  phone_occupied: ['PHONE_NUMBER_OCCUPIED', 400, 'phone_occupied'],
  invalid_code: ['INVALID_CODE', 400, 'code_wrong'],
  session_revoked: ['CODE_EXPIRED', 400, 'login_interrupted'],
  rejected: ['unavailable', 503, 'telegram_away'],
  unavailable: ['unavailable', 503, 'telegram_away'],
}

export const passwordNeeded = () => refusalFor('password_needed')
export const codeExpired = () => refusalFor('code_expired')
const refusalFor = (problem: keyof typeof ANSWERS, cause?: unknown) => {
  const [code, status, text] = ANSWERS[problem]
  return new Refusal(code, status, { key: text } as Said, {
    cause,
    ...(status === 503 ? { headers: { 'retry-after': '5' } } : {}),
  })
}

/** 429 with whole seconds to wait, at least one. */
export const tooManyCodes = (seconds: number) => {
  const retryAfter = Math.max(1, Math.ceil(seconds))
  return new Refusal('rate_limited', 429, say('too_many_codes', { seconds: retryAfter }), {
    details: { retryAfter },
    headers: { 'retry-after': String(retryAfter) },
  })
}

/** What Telegram said, in the contract's words (love-parser §3). Anything else is not Telegram's and passes as it is. */
export const loginProblem = (error: unknown): unknown => {
  if (!(error instanceof TelegramError)) return error
  if (error.problem === 'flood') return tooManyCodes(error.seconds ?? 60)
  if (error.problem === 'phone_migrate')
    return new Refusal('PHONE_MIGRATE', 400, say('phone_elsewhere'), {
      details: { dc: error.dc },
    })
  return refusalFor(error.problem, error)
}
