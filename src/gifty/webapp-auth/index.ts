import { Elysia } from 'elysia'
import { answers, operation } from '../operation.ts'
import { authAnswer, authBody } from './model.ts'
import type { WebappAuth } from './service.ts'

const op = operation('dashboard', 'none')
const MAX_BODY_BYTES = 16 * 1024

/** The dashboard's login (gifty §9): the one route of the family that needs no credential. */
export const webappAuthRoutes = (webappAuth: WebappAuth) =>
  new Elysia({ prefix: '/webapp' }).post('/auth', ({ body }) => webappAuth.login(body.init_data), {
    body: authBody,
    detail: op(
      'Log in to the dashboard',
      "Telegram's signed `initData` of an admin for a dashboard token.",
      answers(authAnswer, 400, 422),
      { 'x-max-body-bytes': MAX_BODY_BYTES },
    ),
  })
