import { Elysia } from 'elysia'
import { answers, operation } from '../operation.ts'
import { recommendationsAnswer, recommendationsRequest } from './model.ts'
import type { Recommendations } from './service.ts'

const op = operation('recommendations')

/** `POST /internal/recommendations` (gifty §6). */
export const recommendationsRoutes = (recommendations: Recommendations) =>
  new Elysia().post('/recommendations', ({ body }) => recommendations.recommend(body), {
    body: recommendationsRequest,
    detail: op(
      'Recommend gifts',
      'Ranked gifts with reasons for a profile. Exclusions and price bounds always hold; the first gift is the featured one.',
      answers(recommendationsAnswer, 422),
    ),
  })
