import { Elysia } from 'elysia'
import { storable } from '../envelope.ts'
import { taskParams } from '../fields.ts'
import { type CrawlerSurface, problems } from '../surface.ts'
import { refreshAnswer, refreshBody } from './model.ts'
import type { Refresh } from './refresh.ts'

/** Newer access tokens for lease holders (§7.16). */
export const credentialsRoutes = (surface: CrawlerSurface, refresh: Refresh) =>
  new Elysia({ detail: { tags: ['crawler: credentials'] } }).use(surface).post(
    '/tasks/:id/credentials/refresh',
    async ({ call, params, body }) => ({
      data: await refresh.refresh(params.id, storable(body, call.bodyText ?? '')),
    }),
    {
      auth: 'task',
      rate: 'general',
      bodyLimit: 'single',
      params: taskParams,
      body: refreshBody,
      response: { 200: refreshAnswer, ...problems(409) },
      detail: {
        summary: 'Refresh credentials',
        description: 'For the holder of the lease; one call to GitLab at a time per account.',
      },
    },
  )
