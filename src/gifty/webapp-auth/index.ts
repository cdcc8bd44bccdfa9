import { Elysia } from 'elysia'
import { type GiftySurface, problems } from '../surface.ts'
import { authAnswer, authBody } from './model.ts'
import type { WebappAuth } from './service.ts'

const MAX_BODY_BYTES = 16 * 1024

/** The dashboard's login (gifty §9): the one route of the family that needs no credential. */
export const webappAuthRoutes = (surface: GiftySurface, webappAuth: WebappAuth) =>
  new Elysia({ detail: { tags: ['gifty: dashboard'] }, prefix: '/webapp' })
    .use(surface)
    .post('/auth', ({ body }) => webappAuth.login(body.init_data), {
      anyone: true,
      bodyLimit: MAX_BODY_BYTES,
      body: authBody,
      response: { 200: authAnswer, ...problems(400, 401, 403) },
      detail: {
        summary: 'Log in to the dashboard',
        description: "Telegram's signed `initData` of an admin for a dashboard token.",
      },
    })
