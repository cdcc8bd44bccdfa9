import { Elysia } from 'elysia'
import { z } from 'zod'
import type { LoveParserSurface } from '../surface.ts'
import { authUserView } from './model.ts'
import type { Accounts } from './service.ts'

/** Profile and logout (love-parser §3). */
export const accountsRoutes = (surface: LoveParserSurface, accounts: Accounts) =>
  new Elysia({ prefix: '/auth', detail: { tags: ['love parser: profile'] } })
    .use(surface)
    .get('/me', ({ principal }) => accounts.me(principal), {
      rate: 'general',
      auth: 'user',
      response: { 200: authUserView },
      detail: { summary: 'Show the own profile', description: 'With plan and limits.' },
    })
    .get(
      '/logout',
      async ({ principal }) => {
        await accounts.logout(principal)
        return { success: true as const }
      },
      {
        rate: 'general',
        auth: 'blocked user',
        response: { 200: z.object({ success: z.literal(true) }) },
        detail: { summary: 'Revoke the token', description: 'Open streams under it end.' },
      },
    )
