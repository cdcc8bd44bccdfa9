import { Elysia } from 'elysia'
import { MIB } from '../../platform/http/body.ts'
import { hashOfText, hashOfValue } from '../../platform/http/idempotency.ts'
import { documented } from '../../platform/http/openapi.ts'
import { type GiftySurface, problems } from '../surface.ts'
import { ingestAnswer, ingestBatch, ingestBatchDocument } from './model.ts'
import type { Ingestion } from './service.ts'

/** Members that say who sends a batch, not what it is: the next attempt of a task repeats it under its own fence. */
const LEASE_FIELDS = ['task_id', 'worker_id', 'fence']

/** `POST /internal/ingest-batch` (gifty §3). */
export const ingestionRoutes = (surface: GiftySurface, ingestion: Ingestion) =>
  new Elysia({ detail: { tags: ['gifty: ingestion'] } }).use(surface).post(
    '/ingest-batch',
    async ({ body, call, principal, idempotencyKey: key, set }) => {
      if (key === undefined) return (await ingestion.ingest(body)).answer
      const { answer, replayed } = await ingestion.ingest(body, {
        identity: { scope: principal.id, key },
        fingerprint: {
          value: await hashOfValue(body, LEASE_FIELDS),
          text: await hashOfText(call.bodyText ?? '', 'base64url'),
        },
      })
      if (replayed) set.headers['idempotency-replayed'] = 'true'
      return answer
    },
    {
      auth: 'internal',
      bodyLimit: 32 * MIB,
      idempotent: true,
      body: ingestBatch,
      response: { 200: ingestAnswer, ...problems(404) },
      detail: documented({
        summary: 'Ingest a batch',
        description:
          'Good elements are stored, bad ones reported. An `Idempotency-Key` makes a repeat safe: of a task’s next attempt as well, since `task_id`, `worker_id` and `fence` do not count, nor do white space and the order of keys.',
        requestBody: ingestBatchDocument,
      }),
    },
  )
