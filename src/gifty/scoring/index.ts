import { Elysia } from 'elysia'
import { z } from 'zod'
import { MIB } from '../../platform/http/body.ts'
import { callOf } from '../../platform/http/pipeline.ts'
import { answers, operation } from '../operation.ts'
import * as model from './model.ts'
import type { Scoring } from './service.ts'

const op = operation('scoring')

/** Routes of the scoring queue (gifty §5). */
export const scoringRoutes = (scoring: Scoring) =>
  new Elysia({ prefix: '/scoring' })
    .get('/tasks', ({ query, request }) => scoring.tasks(query, callOf(request).bodiless), {
      query: model.tasksQuery,
      detail: op(
        'Take products to score',
        'Leases what it hands out: nobody else gets it before the lease ends or a score is submitted. Without `worker_id` the lease lasts 120 s and gives way to other simple clients when nothing else is left.',
        answers(z.array(model.scoringTask), 422),
      ),
    })
    .post('/submit', ({ body }) => scoring.submit(body.results), {
      body: model.scoringSubmit,
      detail: op(
        'Submit scores',
        'Each element on its own; needs no lease and ends it. Of repeats the last counts.',
        answers(model.scoringAnswer, 422),
        { requestBody: model.scoringSubmitDocument, 'x-max-body-bytes': 32 * MIB },
      ),
    })
