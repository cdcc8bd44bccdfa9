import { Elysia } from 'elysia'
import { z } from 'zod'
import { optional } from '../../platform/http/schema.ts'
import { storable, taskParams, text, time } from '../fields.ts'
import { type CrawlerSurface, problems, requireWorker } from '../surface.ts'
import type { Refresh } from './refresh.ts'

/** Credentials as a client gives them (§6). */
export const credentialsInput = z.object({
  accessToken: z.string().min(1).max(4096),
  refreshToken: optional(text(4096)),
  clientId: optional(text(4096)),
  clientSecret: optional(text(4096)),
  tokenType: optional(z.enum(['oauth2', 'pat'])),
  expiresAt: optional(time()),
})
export type CredentialsInput = z.output<typeof credentialsInput>

export const EXAMPLE_CREDENTIALS = { accessToken: 'glpat-example', tokenType: 'pat', refreshable: false, version: 1 }
/** Credentials as a lease holder gets them: never the refresh token or the client's secret (§12). */
export const credentialsView = z
  .object({
    accessToken: z.string(),
    tokenType: z.enum(['oauth2', 'pat']),
    expiresAt: z.string().optional(),
    refreshable: z.boolean(),
    version: z.int(),
  })
  .meta({ id: 'CrawlerCredentials', examples: [EXAMPLE_CREDENTIALS] })
export type CredentialsView = z.infer<typeof credentialsView>

export const refreshBody = z
  .object({
    workerId: z.string().min(1).max(128),
    fence: z.int().min(0),
    credentialsVersion: z.int().min(0),
  })
  .meta({ examples: [{ workerId: 'worker-1', fence: 1, credentialsVersion: 1 }] })
export type RefreshRequest = z.output<typeof refreshBody>
export const refreshAnswer = z
  .object({
    data: z.object({
      taskId: z.string(),
      refreshSuccessful: z.boolean(),
      credentials: credentialsView.optional(),
      reason: z.string().optional(),
    }),
  })
  .meta({
    examples: [
      {
        data: { taskId: 'issues-of-platform-api', refreshSuccessful: true, credentials: { ...EXAMPLE_CREDENTIALS, version: 2 } },
      },
    ],
  })
export type RefreshAnswer = z.infer<typeof refreshAnswer>['data']

/** Newer access tokens for lease holders (§7.16). */
export const credentialsRoutes = (surface: CrawlerSurface, refresh: Refresh) =>
  new Elysia({ detail: { tags: ['crawler: credentials'] } }).use(surface).post(
    '/tasks/:id/credentials/refresh',
    async ({ call, params, body, principal }) => {
      requireWorker(principal)
      return { data: await refresh.refresh(params.id, storable(body, call.bodyText ?? '')) }
    },
    {
      auth: 'task',
      rate: 'general',
      bodyLimit: 'single',
      params: taskParams,
      body: refreshBody,
      response: { 200: refreshAnswer, ...problems(403, 409) },
      detail: {
        summary: 'Refresh credentials',
        description: 'For the holder of the lease; one call to GitLab at a time per account.',
      },
    },
  )
