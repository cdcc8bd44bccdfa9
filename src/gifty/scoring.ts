import { Elysia } from 'elysia'
import { z } from 'zod'
import type { Clock } from '../platform/clock.ts'
import type { Db, Steps, Tx } from '../platform/db/index.ts'
import { documented } from '../platform/http/openapi.ts'
import { MIB } from '../platform/http/request.ts'
import { createRowQueue, type KindPolicy, type Refusal, type RowQueue, type RowQueueDeps } from '../tasks/index.ts'
import { giftHash } from './catalog/identity.ts'
import { EXAMPLE_PRODUCT } from './catalog/index.ts'
import { type ScoreStore, type UnscoredProduct, unscoredProducts } from './catalog/lookup.ts'
import { absent, integer, leaseFields, number, text } from './fields.ts'
import { answerSubmit, checkResults, exampleSubmitAnswer, submitAnswer, submitBody } from './submissions.ts'
import type { GiftySurface } from './surface.ts'

/** The axes of a gift's vector (gifty §5). */
export const AXES = [
  'wow_factor',
  'warmth',
  'romance',
  'practicality',
  'usage_frequency',
  'occasion_versatility',
  'aesthetics',
  'social_risk',
  'age_suitability',
  'gender_bias',
] as const
export type Axis = (typeof AXES)[number]
const GENDERS = ['masculine', 'feminine', 'unisex'] as const
export type AxisValue = number | string | Record<string, number>
export type GiftVector = Partial<Record<Axis, AxisValue>>

const known: ReadonlySet<string> = new Set(AXES)
const MAX = 10
const toNumber = (value: unknown): unknown =>
  typeof value === 'string' && /^\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?\s*$/i.test(value) ? Number(value) : value

/** "Wow-Factor", "wow factor" -> `wow_factor`. */
export const axisName = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, '_')

/** The value as it is stored, or its problem; `segment` names the part of an object. */
const readValue = (axis: string, value: unknown): { value: AxisValue } | { problem: string; segment?: string } => {
  const plain = toNumber(value)
  const low = axis === 'gender_bias' ? -MAX : 0
  if (typeof plain === 'number' && Number.isFinite(plain))
    return plain >= low && plain <= MAX ? { value: plain } : { problem: `Input should lie within ${low} and ${MAX}` }
  if (axis === 'gender_bias' && typeof value === 'string') {
    const word = value.trim().toLowerCase()
    return (GENDERS as readonly string[]).includes(word)
      ? { value: word }
      : { problem: `Input should be a number or one of ${GENDERS.join(', ')}` }
  }
  if (axis === 'age_suitability' && typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const segments: [string, number][] = []
    for (const [segment, given] of Object.entries(value)) {
      const read = readValue('', given)
      if ('problem' in read) return { problem: read.problem, segment }
      segments.push([segment, read.value as number])
    }
    return { value: Object.fromEntries(segments) }
  }
  return { problem: 'Input should be a number' }
}

/**
 * A vector as a worker sends it -> `{axes, ignored}`: names in snake case, values checked, unknown axes named as they were given. A value out
 * of range or an axis given twice refuses the element.
 */
export const giftVector = () =>
  z.record(z.string(), z.unknown()).transform((given, context) => {
    const axes = new Map<string, AxisValue>()
    const ignored: string[] = []
    for (const [name, value] of Object.entries(given)) {
      const axis = axisName(name)
      const refuse = (message: string, ...path: string[]) =>
        context.issues.push({ code: 'custom', message, input: value, path: [name, ...path] })
      if (!known.has(axis)) ignored.push(name)
      else if (axes.has(axis)) refuse(`The axis ${axis} is given twice`)
      else {
        const read = readValue(axis, value)
        if ('problem' in read) refuse(read.problem, ...(read.segment === undefined ? [] : [read.segment]))
        axes.set(axis, 'value' in read ? read.value : 0)
      }
    }
    return { axes: Object.fromEntries(axes) as GiftVector, ignored }
  })

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
const scoringResult = score.extend({ gift_id: text(1) }).meta({ id: 'ScoringResult', examples: [{ gift_id, ...EXAMPLE_SCORE }] })

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

export interface ScoringDeps {
  db: Db
  clock: Clock
  queue: ScoringQueue
  scores: ScoreStore
}

/** Scoring by foreign workers (gifty §5). */
export const createScoring = ({ db, clock, queue, scores }: ScoringDeps) => {
  /** Stores scores by product hash; `handedOut` are the hashes of the contents they are about. Answers which products exist. */
  function* store(
    tx: Tx,
    given: { giftHash: string; score: Score }[],
    handedOut: ReadonlyMap<string, string | null>,
    now: Date,
  ): Steps<Set<string>> {
    const rows = given
      .map(({ giftHash: hash, score }) => ({
        giftHash: hash,
        score: score.llm_gift_score,
        reasoning: score.llm_gift_reasoning,
        model: score.llm_scoring_model,
        version: score.llm_scoring_version,
        vector: score.llm_gift_vector ? JSON.stringify(score.llm_gift_vector.axes) : null,
        contentHash: handedOut.get(hash) ?? null,
      }))
      .sort((a, b) => (a.giftHash < b.giftHash ? -1 : 1))
    return yield* scores.write(tx, rows, now)
  }

  return {
    store,
    /** Hands out products that want a score and leases them; with `peek` it only shows them. */
    async tasks(query: TasksQuery, peek = false): Promise<ScoringTask[]> {
      const claim = { limit: query.limit, worker: query.worker_id, leaseMs: query.lease_seconds * 1000 }
      const payloads = await db.tx((tx) => {
        const now = new Date(clock.now())
        return peek ? queue.peek(tx, { ...claim, now }) : queue.claim(tx, { ...claim, now })
      })
      return payloads.map(({ content_hash: _, ...task }) => task)
    },
    /**
     * Stores what workers found and ends the leases of those products.
     * @throws AppError 413 above 1,000 elements, 422 when every element is malformed
     */
    async submit(results: unknown[]) {
      const checked = await checkResults(results, scoringResult, 'gift_id', (result) => result.gift_id)
      const byHash = new Map(checked.chosen.map(({ key, value }) => [giftHash(key), { key, value }]))
      const known = await db.tx(function* (tx) {
        const now = new Date(clock.now())
        const handedOut = yield* queue.close(tx, [...byHash.keys()], now)
        const given = [...byHash].map(([hash, { value }]) => ({ giftHash: hash, score: value }))
        return yield* store(tx, given, handedOut, now)
      })
      const refused = new Map(
        [...byHash]
          .filter(([hash]) => !known.has(hash))
          .map(([, { key }]) => [key, { field: 'gift_id', message: 'Product not found' }]),
      )
      const ignored = new Map<number, string[]>()
      for (const { index, value } of checked.chosen) ignored.set(index, value.llm_gift_vector?.ignored ?? [])
      return answerSubmit('gift_id', results.length, checked, refused, (index) => ({ ignored: ignored.get(index) ?? [] }))
    },
  }
}
export type Scoring = ReturnType<typeof createScoring>

export type ScoringQueue = RowQueue<UnscoredProduct, ScoringPayload>

/** Products that want a score, as tasks of the kind `scoring`. */
export const createScoringQueue = (deps: RowQueueDeps & { db: Db }): ScoringQueue =>
  createRowQueue<UnscoredProduct, ScoringPayload>(deps, {
    kind: 'scoring',
    source: unscoredProducts(deps.db),
    *payloads(_tx, rows) {
      return rows.map(({ task_key: _, ...payload }) => payload)
    },
  })

/** Scoring as a kind of the worker protocol (gifty §4): the result is a ScoringResult without gift_id. */
export const scoringKind = (queue: ScoringQueue, scoring: Scoring): KindPolicy =>
  queue.policy({
    *store(tx, done, now) {
      const refused = new Map<string, Refusal>()
      const given: { giftHash: string; score: Score }[] = []
      const hashes = new Map<string, string | null>()
      for (const { key, payload, result } of done) {
        const read = score.safeParse(result)
        if (read.success) {
          given.push({ giftHash: key, score: read.data })
          hashes.set(key, (payload as ScoringPayload).content_hash)
        } else {
          const [issue] = read.error.issues
          refused.set(key, { code: 'invalid', message: `${issue?.path.join('.') || 'result'}: ${issue?.message}` })
        }
      }
      const known = yield* scoring.store(tx, given, hashes, now)
      for (const { giftHash } of given)
        if (!known.has(giftHash)) refused.set(giftHash, { code: 'invalid', message: 'Product not found' })
      return refused
    },
  })
