import { z } from 'zod'
import { AppError } from '../../errors.ts'
import { isJsonType } from '../../platform/http/body.ts'
import { takes } from '../../platform/http/json-schema.ts'
import { invalidField, invalidRequest, unreadableBody } from '../envelope.ts'

const scalar = takes(
  z.preprocess((value) => (typeof value === 'boolean' ? String(value) : value), z.string()),
  { type: ['string', 'number', 'boolean'] },
)
const optional = scalar.nullish().transform((value) => (value === null || value === '' ? undefined : value))
const required = takes(
  z.preprocess((value) => (value === null ? undefined : value), z.string().min(1)),
  { type: ['string', 'number'] },
)

/** The fields of a payment notification (love-parser §6); numbers have become texts as they were written. Others are ignored. */
export const notificationFields = z
  .object({
    SignatureValue: required.describe('hex, any case'),
    InvId: required
      .refine((text) => text === '' || /^\d+$/.test(text), 'Must be the number of an order')
      .describe('number of the order'),
    OutSum: optional.describe('what was paid'),
    Sum: optional.describe('the same under its older name'),
    MerchantLogin: optional.describe('login of the shop'),
    IsTest: optional.describe('`1` for a payment of the test mode'),
    OutSumCurrency: optional.describe('currency of the sum'),
  })
  .meta({
    id: 'RobokassaNotification',
    description: 'And `Shp_*` parameters',
    examples: [{ OutSum: '950.00', InvId: '1', SignatureValue: '9f2c1d6e0b7a4c58a1e3f5d7092b4c6e' }],
  })

/** A notification as it was received: every value is the literal text that its signature covers. */
export interface PaymentNotification extends z.output<typeof notificationFields> {
  shp: [name: string, value: string][]
  /** JSON is answered with JSON, everything else with `OK<InvId>`. */
  json: boolean
}

/** Numbers of a JSON text as they are written in it: `950.000000` signs differently from `950`. */
const literally = (_key: string, value: unknown, context?: { source?: string }): unknown =>
  typeof value === 'number' ? (context?.source ?? String(value)) : value

const checked = (value: unknown, json: boolean): PaymentNotification => {
  const result = notificationFields.safeParse(value, { reportInput: true })
  if (!result.success) throw invalidRequest(result.error)
  const shp: [string, string][] = []
  for (const [name, given] of Object.entries(value as Record<string, unknown>)) {
    if (!/^shp_/i.test(name)) continue
    const text = scalar.safeParse(given)
    if (!text.success) throw invalidField(name, 'Must be a text or a number')
    shp.push([name, text.data])
  }
  return { ...result.data, shp, json }
}

/** The first value of each name: a second one must not replace what was looked at. */
const fieldsOf = (parameters: URLSearchParams): Record<string, string> => {
  const fields: Record<string, string> = Object.create(null)
  for (const [name, value] of parameters) fields[name] ??= value
  return fields
}

/**
 * Reads a notification from a JSON body, a form body, or the query when there is no body (love-parser §6 check 1).
 * @throws AppError 400 malformed JSON, 415 another media type, 422 missing or unusable fields
 */
export const readNotification = (request: {
  contentType: string | null
  bodyText: string
  query: URLSearchParams
}): PaymentNotification => {
  const { contentType, bodyText, query } = request
  if (isJsonType(contentType)) {
    let value: unknown
    try {
      value = JSON.parse(bodyText, literally as never)
    } catch {
      throw unreadableBody('The body is not valid JSON')
    }
    return checked(value, true)
  }
  if (bodyText === '') return checked(fieldsOf(query), false)
  if (contentType !== null && /^\s*application\/x-www-form-urlencoded\s*(?:;|$)/i.test(contentType))
    return checked(fieldsOf(new URLSearchParams(bodyText)), false)
  throw new AppError('unsupported_media_type', 415, 'The body must be JSON or a form')
}

/** What is kept of a notification: never its signature. */
export const keptOf = ({
  SignatureValue: _signature,
  json: _json,
  shp,
  ...fields
}: PaymentNotification): Record<string, unknown> => ({
  ...fields,
  ...Object.fromEntries(shp),
})
