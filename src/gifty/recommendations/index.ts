import { Elysia } from 'elysia'
import { MIB } from '../../platform/http/body.ts'
import type { GiftySurface } from '../surface.ts'
import { recommendationsAnswer, recommendationsRequest } from './model.ts'
import type { Recommendations } from './service.ts'

/** `POST /internal/recommendations` (gifty §6). */
export const recommendationsRoutes = (surface: GiftySurface, recommendations: Recommendations) =>
  new Elysia({ detail: { tags: ['gifty: recommendations'] } })
    .use(surface)
    .post('/recommendations', ({ body }) => recommendations.recommend(body), {
      auth: 'internal',
      bodyLimit: MIB,
      body: recommendationsRequest,
      response: { 200: recommendationsAnswer },
      detail: {
        summary: 'Recommend gifts',
        description:
          'Ranked gifts with reasons for a profile. Exclusions and price bounds always hold; the first gift is the featured one.',
      },
    })
