import { Elysia } from 'elysia'
import { read } from '../family.ts'
import { taskParams } from '../fields.ts'
import { operation } from '../operation.ts'
import { refreshAnswer, refreshBody } from './model.ts'
import type { Refresh } from './refresh.ts'

/** Newer access tokens for lease holders (§7.16). */
export const credentialsRoutes = (refresh: Refresh) =>
  new Elysia().post(
    '/tasks/:id/credentials/refresh',
    async ({ request, params }) => ({ data: await refresh.refresh(params.id, read(request, refreshBody)) }),
    {
      params: taskParams,
      detail: operation(
        'credentials',
        { auth: 'task', body: 1 },
        'Refresh credentials',
        'For the holder of the lease; one call to GitLab at a time per account.',
        { 200: refreshAnswer },
        [404, 409],
        { requestBody: refreshBody },
      ),
    },
  )
