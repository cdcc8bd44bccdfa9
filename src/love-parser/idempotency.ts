import type { Clock } from '../platform/clock.ts'
import type { Db, Steps, Tx } from '../platform/db/index.ts'
import { JSON_TYPE } from '../platform/http/family.ts'
import { type AnswerTable, createIdempotency, hashOfText, hashOfValue } from '../platform/http/idempotency.ts'
import { invalidField } from './envelope.ts'
import { say } from './texts.ts'

export interface Reply {
  status: number
  body: unknown
}
export interface RepeatableRequest {
  userId: string
  /** Template of the route. */
  route: string
  /** Idempotency-Key header. */
  key: string | undefined
  /** The validated body. */
  body: unknown
}

/** Answers as they were sent, by person and route. */
const KEPT: AnswerTable<{ status: number; text: string }> = {
  table: 'love_parser_idempotency_keys',
  identity: { user_id: 'uuid', route: 'text', key: 'text' },
  answer: { status: 'int', body: 'text' },
  pending: { status: '0', body: "''" },
  encode: ({ status, text }) => ({ status, body: text }),
  decode: ({ status, body }) => ({ status, text: body }),
  time: 'timestamptz',
  hasCreatedAt: true,
}

/** Repeated POSTs with the same Idempotency-Key have one effect and one answer, kept for 24 h (love-parser §1). */
export const createReplays = ({ db, clock }: { db: Db; clock: Clock }) => {
  const idempotency = createIdempotency(
    { db, clock },
    { kept: KEPT, conflict: () => invalidField('Idempotency-Key', say('idempotency_key_used')) },
  )
  const sent = ({ status, body }: Reply) => ({ status, text: JSON.stringify(body) })

  /**
   * Runs `effect` in a transaction, or answers what it answered before. A failure is not recorded: what it threw is thrown.
   * @throws AppError 422 for a known key with another body
   */
  const once = async ({ userId, route, key, body }: RepeatableRequest, effect: (tx: Tx) => Steps<Reply>): Promise<Response> => {
    const keyed =
      key === undefined ? undefined : { identity: { user_id: userId, route, key }, fingerprint: await fingerprintOf(body) }
    const { answer, replayed } = await db.tx(function* (tx) {
      if (!keyed) return { answer: sent(yield* effect(tx)), replayed: false }
      return yield* idempotency.once(tx, keyed, function* (keep) {
        const reply = sent(yield* effect(tx))
        yield* keep(reply)
        return reply
      })
    })
    return new Response(answer.text, {
      status: answer.status,
      headers: { 'content-type': JSON_TYPE, ...(replayed ? { 'idempotency-replayed': 'true' } : {}) },
    })
  }
  return { once, purge: idempotency.purge }
}
export type Replays = ReturnType<typeof createReplays>

const fingerprintOf = async (body: unknown) => ({
  value: await hashOfValue(body ?? null),
  text: await hashOfText(JSON.stringify(body ?? null), 'hex'),
})
