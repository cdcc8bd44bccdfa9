import { Elysia } from 'elysia'
import { z } from 'zod'
import { sessionOf } from '../family.ts'
import { operation } from '../operation.ts'
import { authUserView } from './model.ts'
import type { Accounts } from './service.ts'

const described = operation('profile')

/** Profile and logout (love-parser §3). */
export const accountsRoutes = (accounts: Accounts) =>
  new Elysia({ prefix: '/auth' })
    .get('/me', ({ request }) => accounts.me(sessionOf(request)), {
      detail: described('Show the own profile', 'With plan and limits.', { 200: authUserView }),
    })
    .get(
      '/logout',
      async ({ request }) => {
        await accounts.logout(sessionOf(request))
        return { success: true as const }
      },
      {
        detail: {
          ...described('Revoke the token', 'Open streams under it end.', { 200: z.object({ success: z.literal(true) }) }),
          'x-allow-blocked': true,
        } as never,
      },
    )
