import { Elysia } from 'elysia'
import { ipOf, type LoveParserSurface, problems } from '../surface.ts'
import { loginView, sendCodeRequest, sendCodeView, verifyRequest } from './model.ts'
import type { TelegramAuth } from './service.ts'

/** Login with a Telegram code (love-parser §3). */
export const telegramAuthRoutes = (surface: LoveParserSurface, auth: TelegramAuth) =>
  new Elysia({ prefix: '/telegram/auth', detail: { tags: ['love parser: login'] } })
    .use(surface)
    .post('/send-code', ({ call, body }) => auth.sendCode(body.phone_number, ipOf(call)), {
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
