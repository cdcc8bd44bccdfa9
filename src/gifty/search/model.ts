import { z } from 'zod'
import { productView } from '../catalog/model.ts'
import { absent, integer, leaseFields, number, text } from '../fields.ts'
import { submitAnswer } from '../submissions.ts'

/** Both together say "given": absent and null are alike (gifty, notation `x?`). */
const optional = <S extends z.ZodType>(schema: S) => schema.nullish()

export const searchRequest = z
  .object({
    query: optional(text(1, 1000)),
    vector: optional(z.array(number())),
    limit: absent(integer(1, 100), 20),
    max_price: optional(number(0)),
    min_similarity: optional(number(-1, 1)),
    categories: optional(z.array(text())),
    site_keys: optional(z.array(text())),
  })
  .meta({ id: 'ProductSearch' })
export type SearchRequest = z.output<typeof searchRequest>
export const searchAnswer = z
  .object({ results: z.array(z.object({ product: productView, similarity: z.number() })), model: z.string() })
  .meta({ id: 'ProductSearchAnswer' })
export type SearchAnswer = z.infer<typeof searchAnswer>

/** Short enough for the key of an index together. */
const modelFields = { model_name: text(1, 200), model_version: text(1, 200) }

export const tasksRequest = z.object({ ...modelFields, limit: absent(integer(1, 500), 50), ...leaseFields })
export type TasksRequest = z.output<typeof tasksRequest>
export const tasksAnswer = z.object({
  tasks: z.array(z.object({ gift_id: z.string(), content_text: z.string(), content_hash: z.string() })),
})
export type TasksAnswer = z.infer<typeof tasksAnswer>

/** Vectors of a submit are many: checked by `vectorProblem`, which costs a fraction of a schema for every number. */
export const embeddingResult = z
  .object({ gift_id: text(1), content_hash: text(1), embedding: z.array(z.unknown()) })
  .meta({ id: 'EmbeddingResult' })
export const embeddingsSubmit = z.object({ ...modelFields, results: z.array(z.unknown()) })
export type EmbeddingsSubmit = z.output<typeof embeddingsSubmit>
export const embeddingsSubmitDocument = z
  .object({
    ...modelFields,
    results: z.array(z.object({ gift_id: z.string(), content_hash: z.string(), embedding: z.array(z.number()) })),
  })
  .meta({ id: 'EmbeddingsSubmit' })
export const embeddingsAnswer = submitAnswer('gift_id').meta({ id: 'EmbeddingsAnswer' })
