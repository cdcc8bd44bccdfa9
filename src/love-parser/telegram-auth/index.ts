import { Elysia } from 'elysia'
import { ipOf } from '../family.ts'
import { OPEN, operation } from '../operation.ts'
import { loginView, sendCodeRequest, sendCodeView, verifyRequest } from './model.ts'
import type { TelegramAuth } from './service.ts'

const described = operation('login')

/** Login with a Telegram code (love-parser §3). */
export const telegramAuthRoutes = (auth: TelegramAuth) =>
  new Elysia({ prefix: '/telegram/auth' })
    .post('/send-code', ({ request, body }) => auth.sendCode(body.phone_number, ipOf(request)), {
      body: sendCodeRequest,
      detail: described(
        'Send a login code',
        'One code a minute and five an hour for a number.',
        { 200: sendCodeView },
        { ...OPEN, errors: [400, 413, 415, 422] },
      ),
    })
    .post('/verify-code', ({ request, body }) => auth.verifyCode(body, request.headers.get('user-agent')), {
      body: verifyRequest,
      detail: described(
        'Log in with the code',
        'Five wrong codes or passwords end the session. With two-step verification the same session and code are sent again with the password.',
        { 200: loginView },
        { ...OPEN, errors: [400, 401, 403, 413, 415, 422] },
      ),
    })
