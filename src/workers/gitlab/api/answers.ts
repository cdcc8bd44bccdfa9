import type { z } from 'zod'
import type { Log } from '../../../platform/log.ts'
import { ApiProblem } from '../errors.ts'
import { type LeasedTask, leasedTask } from '../model.ts'

/** An answer in the shape the contract gives it. @throws ApiProblem 502 as for any server that talks nonsense */
export const understood = <S extends z.ZodType>(schema: S, value: unknown): z.output<S> => {
  const result = schema.safeParse(value)
  if (!result.success) throw new ApiProblem(502, 'the API answered in a shape that the contract does not know')
  return result.data
}

/** The readable ones of leased tasks. One that cannot be read is told and left to its lease's end: there is nothing to report on. */
export const readableTasks = (values: unknown, log: Log): LeasedTask[] =>
  (Array.isArray(values) ? values : []).flatMap((value) => {
    const result = leasedTask.safeParse(value)
    if (result.success) return [result.data]
    log.error('a leased task cannot be read', { fields: result.error.issues.map((issue) => issue.path.join('.')) })
    return []
  })
