import { Elysia } from 'elysia'
import { z } from 'zod'
import { documented } from '../../platform/http/openapi.ts'
import { MIB } from '../../platform/http/request.ts'
import { EXAMPLE_PRODUCT } from '../catalog/index.ts'
import { absent, integer, leaseFields, number, text } from '../fields.ts'
import { exampleSubmitAnswer, submitAnswer, submitBody } from '../submissions.ts'
import type { GiftySurface } from '../surface.ts'
import { giftVector } from './axes.ts'
import type { Scoring } from './service.ts'

const MAX_TASKS = 500

/** `limit` from 1; above 500 it is 500 (gifty §5). */
const clampedLimit = (byDefault: number) =>
  absent(
    integer(1).transform((limit) => Math.min(limit, MAX_TASKS)),
    byDefault,
  )

export const tasksQuery = z.object({ limit: clampedLimit(50).describe('most tasks; above 500 it is 500'), ...leaseFields })
export type TasksQuery = z.output<typeof tasksQuery>

const { gift_id, title, category, merchant, price, image_url, content_text, content_hash } = EXAMPLE_PRODUCT
const EXAMPLE_TASK = { gift_id, title, category, merchant, price, image_url, content_text }
const EXAMPLE_SCORE = {
  llm_gift_score: 7.5,
  llm_gift_reasoning: 'A useful present for anyone who drinks tea',
  llm_scoring_model: 'scorer',
  llm_scoring_version: '1',
  llm_gift_vector: { warmth: 6, practicality: 8 },
}

export const scoringTask = z
  .object({
    gift_id: z.string(),
    title: z.string(),
    category: z.string().nullable(),
    merchant: z.string().nullable(),
    price: z.number().nullable(),
    image_url: z.string().nullable(),
    content_text: z.string(),
  })
  .meta({ id: 'ScoringTask', examples: [EXAMPLE_TASK] })
export type ScoringTask = z.infer<typeof scoringTask>

/** A scoring task with the hash of its content: what a worker of the worker protocol gets (gifty §4). */
export const scoringPayload = scoringTask
  .extend({ content_hash: z.string() })
  .meta({ id: 'ScoringPayload', examples: [{ ...EXAMPLE_TASK, content_hash }] })
export type ScoringPayload = z.infer<typeof scoringPayload>

/** What a worker found, without the product it found it of: the result of a `scoring` task (gifty §4). */
export const score = z.object({
  llm_gift_score: number(0, 10),
  llm_gift_reasoning: text(),
  llm_scoring_model: text(),
  llm_scoring_version: text(),
  llm_gift_vector: giftVector().nullish(),
})
export type Score = z.output<typeof score>
export const scoringResult = score
  .extend({ gift_id: text(1) })
  .meta({ id: 'ScoringResult', examples: [{ gift_id, ...EXAMPLE_SCORE }] })

const scoringSubmit = submitBody
const scoringSubmitDocument = z.object({ results: z.array(scoringResult) }).meta({ id: 'ScoringSubmit' })
const scoringAnswer = submitAnswer('gift_id', {
  ignored: z.array(z.string()).describe('names of axes that are none'),
}).meta({ id: 'ScoringAnswer', examples: [exampleSubmitAnswer('gift_id', gift_id, { ignored: [] })] })

/** Routes of the scoring queue (gifty §5). */
export const scoringRoutes = (surface: GiftySurface, scoring: Scoring) =>
  new Elysia({ detail: { tags: ['gifty: scoring'] }, prefix: '/scoring' })
    .use(surface)
    .get('/tasks', ({ query, call }) => scoring.tasks(query, call.bodiless), {
      auth: 'internal',
      query: tasksQuery,
      response: { 200: z.array(scoringTask) },
      detail: {
        summary: 'Take products to score',
        description:
          'Leases what it hands out: nobody else gets it before the lease ends or a score is submitted. Without `worker_id` the lease lasts 120 s and gives way to other simple clients when nothing else is left.',
      },
    })
    .post('/submit', ({ body }) => scoring.submit(body.results), {
      auth: 'internal',
      bodyLimit: 32 * MIB,
      body: scoringSubmit,
      response: { 200: scoringAnswer },
      detail: documented({
        summary: 'Submit scores',
        description: 'Each element on its own; needs no lease and ends it. Of repeats the last counts.',
        requestBody: scoringSubmitDocument,
      }),
    })
