import { Elysia } from 'elysia'
import { z } from 'zod'
import { MIB } from '../../platform/http/request.ts'
import { EXAMPLE_PRODUCT, productView } from '../catalog/index.ts'
import { absentOrNull, boolean, integer, number, text } from '../fields.ts'
import type { GiftySurface } from '../surface.ts'
import type { Recommendations } from './service.ts'

const MAX_LIST = 500
const MAX_INTERESTS = 30
const GENDERS = ['male', 'female', 'unisex'] as const

const words = (max = MAX_LIST) => z.array(text(0, 1000)).max(max).nullish()
const age = integer(0, 120).nullish()
const gender = z.enum(GENDERS).nullish()
const limit = integer(1, 30).nullish()

/** The profile of who gets the gift (gifty §6); every part is optional. */
export const recommendationsRequest = z
  .object({
    age,
    recipient_age: age.describe('alias of age'),
    gender,
    recipient_gender: gender.describe('alias of gender'),
    relationship: text().nullish(),
    occasion: text().nullish(),
    vibe: text().nullish(),
    interests: words(MAX_INTERESTS),
    interests_description: text().nullish(),
    budget: number()
      .refine((budget) => budget > 0, 'Input should be greater than 0')
      .nullish(),
    limit: limit.describe('10 when absent'),
    top_n: limit.describe('alias of limit'),
    diversity: absentOrNull(number(0, 1), 0.3),
    debug: absentOrNull(boolean(), false),
    constraints: z
      .object({
        exclude_keywords: words(),
        exclude_categories: words(),
        exclude_merchants: words(),
        exclude_item_types: words(),
        prefer_keywords: words(),
        avoid_keywords: words(),
        prefer_categories: words(),
        min_price: number(0).nullish(),
        max_price: number(0).nullish(),
        adult_allowed: absentOrNull(boolean(), false),
        budget_strictness: absentOrNull(z.enum(['soft', 'strict']), 'soft'),
      })
      .nullish(),
  })
  .meta({
    examples: [
      {
        age: 34,
        relationship: 'colleague',
        occasion: 'birthday',
        interests: ['tea', 'books'],
        budget: 2000,
        limit: 5,
        constraints: { exclude_keywords: ['coffee'], budget_strictness: 'strict' },
      },
    ],
  })
export type RecommendationsRequest = z.output<typeof recommendationsRequest>
export type Gender = (typeof GENDERS)[number]

export const REASON_CODES = ['matches_interest', 'fits_budget', 'axis_high', 'highly_rated', 'preferred'] as const
export interface Reason {
  code: (typeof REASON_CODES)[number]
  text: string
}
const gift = productView
  .extend({
    score: z.number(),
    similarity: z.number().nullable(),
    reasons: z.array(z.object({ code: z.enum(REASON_CODES), text: z.string() })),
  })
  .meta({
    id: 'RecommendedGift',
    examples: [
      {
        ...EXAMPLE_PRODUCT,
        score: 0.74,
        similarity: 0.81,
        reasons: [{ code: 'matches_interest', text: 'Matches the interest "tea"' }],
      },
    ],
  })
export const recommendationsAnswer = z
  .object({
    engine_version: z.literal('vector_v1'),
    featured_gift: gift.nullable(),
    gifts: z.array(gift),
    debug: z.record(z.string(), z.unknown()).nullable(),
  })
  .meta({ id: 'Recommendations' })
export type RecommendationsAnswer = z.infer<typeof recommendationsAnswer>

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
