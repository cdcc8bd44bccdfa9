import { AppError } from '../errors.ts'
import type { MessageCode, MessageValues } from './messages.ts'

/** An invalid field of a request; its text is made when the language is known (stickers §3.4). */
export interface Problem {
  field: string
  code: MessageCode
  values?: MessageValues
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
