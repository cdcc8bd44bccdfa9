import type { z } from 'zod'
import { AppError } from '../errors.ts'
import type { MessageCode, MessageValues } from './messages.ts'

/** An invalid field of a request; its text is made when the language is known (stickers §3.4). */
export interface Problem {
  field: string
  code: MessageCode
  values?: MessageValues
}

/** The message of a zod rule: a code of `messages.ts` with its values, which `problemsOf` reads back. */
export const say = (code: MessageCode, values?: MessageValues): string => JSON.stringify({ code, values })
/** `say` for the type of a value: another code when the value is absent. */
export const sayType =
  (wrong: string, absent: string = wrong) =>
  ({ input }: { input?: unknown }): string =>
    input === undefined || input === null ? absent : wrong

/** The problems zod has found, one per field of the request; `body` is the field of a body that is no object. */
export const problemsOf = (error: z.core.$ZodError): Problem[] => {
  const problems = new Map<string, Problem>()
  for (const { path, message } of error.issues) {
    const field = String(path[0] ?? 'body')
    if (!problems.has(field)) problems.set(field, { field, ...(JSON.parse(message) as Omit<Problem, 'field'>) })
  }
  return [...problems.values()]
}

/** 400 with one entry per invalid field; the first one gives the message. */
export const refused = (...problems: Problem[]) =>
  new AppError('validation_error', 400, 'Validation error', { details: { problems } })

/** 404 of a set; `id` is shown. */
export const setNotFound = (id: number) => new AppError('not_found', 404, 'Sticker set was not found', { details: { id } })

/** 503 of Telegram alone. */
export const telegramUnavailable = (retryAfterSeconds: number) =>
  new AppError('telegram_unavailable', 503, 'Telegram is not answering', {
    headers: { 'retry-after': String(retryAfterSeconds) },
  })
