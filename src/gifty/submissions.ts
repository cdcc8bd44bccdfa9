import { z } from 'zod'
import { AppError } from '../errors.ts'
import { type FieldProblem, fieldProblem, invalidRequest } from './envelope.ts'

/** Most elements of one submit (gifty §5). */
const MAX_RESULTS = 1000
/** Elements checked between two turns of the event loop. */
const SLICE = 500

/** The body of every submit: its elements are checked one by one, because an invalid one does not refuse the others. */
export const submitBody = z.object({ results: z.array(z.unknown()) })

/** The answer of a submit (gifty §5); `more` are further fields of a result. */
export const submitAnswer = <K extends string>(key: K, more: z.ZodRawShape = {}) =>
  z.object({
    status: z.literal('ok'),
    updated: z.int().describe('rows written'),
    rejected: z.array(
      z.object({
        index: z.int(),
        [key]: z.string().nullable(),
        errors: z.array(z.object({ field: z.string(), message: z.string() })),
      }),
    ),
    results: z.array(
      z.object({ index: z.int(), [key]: z.string().nullable(), status: z.enum(['updated', 'rejected']), ...more }),
    ),
  })

/** An answer of a submit of one row, for the API document. */
export const exampleSubmitAnswer = (key: string, name: string, more: object = {}) => ({
  status: 'ok',
  updated: 1,
  rejected: [],
  results: [{ index: 0, [key]: name, status: 'updated', ...more }],
})

export interface Rejected {
  index: number
  key: string | null
  errors: { field: string; message: string }[]
}
export interface Checked<T> {
  /** Well-formed elements, of repeats the last. */
  chosen: { index: number; key: string; value: T }[]
  /** Key of each well-formed element, by index. */
  keys: Map<number, string>
  rejected: Rejected[]
}

/**
 * Checks the elements of a submit singly. `keyOf` names a well-formed element's row.
 * @throws AppError 413 above 1,000 elements, 422 when every element is malformed
 */
export const checkResults = async <S extends z.ZodType>(
  results: unknown[],
  schema: S,
  keyField: string,
  keyOf: (value: z.output<S>) => string,
): Promise<Checked<z.output<S>>> => {
  if (results.length > MAX_RESULTS) throw new AppError('payload_too_large', 413, `A submit holds at most ${MAX_RESULTS} elements`)
  const last = new Map<string, { index: number; value: z.output<S> }>()
  const keys = new Map<number, string>()
  const rejected: Rejected[] = []
  const problems: FieldProblem[] = []
  for (let index = 0; index < results.length; index++) {
    if (index > 0 && index % SLICE === 0) await new Promise((resolve) => setImmediate(resolve))
    const result = schema.safeParse(results[index])
    if (result.success) {
      const key = keyOf(result.data)
      keys.set(index, key)
      last.set(key, { index, value: result.data })
      continue
    }
    const again = schema.safeParse(results[index], { reportInput: true })
    const found = (again.error ?? result.error).issues.map((issue) => fieldProblem(issue, ['body', 'results', index]))
    const given = (results[index] as Record<string, unknown> | null)?.[keyField]
    rejected.push({
      index,
      key: typeof given === 'string' ? given.slice(0, 1000).toWellFormed() : null,
      errors: found.map(({ loc, msg }) => ({ field: loc.slice(3).join('.'), message: msg })),
    })
    if (problems.length < 100) problems.push(...found.slice(0, 100 - problems.length))
  }
  if (results.length > 0 && keys.size === 0) throw invalidRequest(problems)
  return { chosen: [...last].map(([key, { index, value }]) => ({ index, key, value })), keys, rejected }
}

/**
 * The answer: `refused` maps keys to the reason why they were not stored (unknown rows, stale content); the others were. `more` adds fields to
 * the result of an index.
 */
export const answerSubmit = <K extends string, M extends object>(
  key: K,
  total: number,
  { chosen, keys, rejected }: Checked<unknown>,
  refused: ReadonlyMap<string, { field: string; message: string }>,
  more: (index: number) => M,
) => {
  const all = new Map(rejected.map((item) => [item.index, item]))
  for (const [index, name] of keys) {
    const error = refused.get(name)
    if (error) all.set(index, { index, key: name, errors: [error] })
  }
  const named = (name: string | null) => ({ [key]: name }) as Record<K, string | null>
  return {
    status: 'ok' as const,
    updated: chosen.filter((item) => !refused.has(item.key)).length,
    rejected: [...all.values()]
      .sort((a, b) => a.index - b.index)
      .map((item) => ({ index: item.index, ...named(item.key), errors: item.errors })),
    results: Array.from({ length: total }, (_, index) => ({
      index,
      ...named(keys.get(index) ?? all.get(index)?.key ?? null),
      status: all.has(index) ? ('rejected' as const) : ('updated' as const),
      ...more(index),
    })),
  }
}
