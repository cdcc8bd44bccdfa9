import { Elysia } from 'elysia'
import { read, taskOf } from '../family.ts'
import { operation } from '../operation.ts'
import { idParameter } from '../tasks/index.ts'
import { refreshAnswer, refreshBody } from './model.ts'
import type { Refresh } from './refresh.ts'

/** Newer access tokens for lease holders (§7.16). */
export const credentialsRoutes = (refresh: Refresh) =>
  new Elysia().post(
    '/tasks/:id/credentials/refresh',
    async ({ request }) => {
      const id = taskOf(request)
      return { data: await refresh.refresh(id, read(request, refreshBody)) }
    },
    {
      detail: operation(
        'credentials',
        { auth: 'task', body: 1 },
        'Refresh credentials',
        'For the holder of the lease; one call to GitLab at a time per account.',
        { 200: refreshAnswer },
        [404, 409],
        { requestBody: refreshBody, parameters: [idParameter] },
      ),
    },
  )
