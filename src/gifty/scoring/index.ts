import { Elysia } from 'elysia'
import { z } from 'zod'
import { MIB } from '../../platform/http/body.ts'
import { documented } from '../../platform/http/openapi.ts'
import type { GiftySurface } from '../surface.ts'
import * as model from './model.ts'
import type { Scoring } from './service.ts'

/** Routes of the scoring queue (gifty §5). */
export const scoringRoutes = (surface: GiftySurface, scoring: Scoring) =>
  new Elysia({ detail: { tags: ['gifty: scoring'] }, prefix: '/scoring' })
    .use(surface)
    .get('/tasks', ({ query, call }) => scoring.tasks(query, call.bodiless), {
      auth: 'internal',
      query: model.tasksQuery,
      response: { 200: z.array(model.scoringTask) },
      detail: {
        summary: 'Take products to score',
        description:
          'Leases what it hands out: nobody else gets it before the lease ends or a score is submitted. Without `worker_id` the lease lasts 120 s and gives way to other simple clients when nothing else is left.',
      },
    })
    .post('/submit', ({ body }) => scoring.submit(body.results), {
      auth: 'internal',
      bodyLimit: 32 * MIB,
      body: model.scoringSubmit,
      response: { 200: model.scoringAnswer },
      detail: documented({
        summary: 'Submit scores',
        description: 'Each element on its own; needs no lease and ends it. Of repeats the last counts.',
        requestBody: model.scoringSubmitDocument,
      }),
    })
