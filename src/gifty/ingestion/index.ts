import { Elysia } from 'elysia'
import { MIB } from '../../platform/http/body.ts'
import type { Principal } from '../../platform/http/family.ts'
import { hashOfText, hashOfValue } from '../../platform/http/idempotency.ts'
import { callOf } from '../../platform/http/pipeline.ts'
import { invalidRequest } from '../envelope.ts'
import { answers, operation } from '../operation.ts'
import { ingestAnswer, ingestBatch, ingestBatchDocument } from './model.ts'
import type { Ingestion } from './service.ts'

const op = operation('ingestion')
const KEY = /^[\x20-\x7e]{1,255}$/
/** Members that say who sends a batch, not what it is: the next attempt of a task repeats it under its own fence. */
const LEASE_FIELDS = ['task_id', 'worker_id', 'fence']

/** `POST /internal/ingest-batch` (gifty §3). */
export const ingestionRoutes = (ingestion: Ingestion) =>
  new Elysia().post(
    '/ingest-batch',
    async ({ body, request, set }) => {
      const key = request.headers.get('idempotency-key')
      if (key === null) return (await ingestion.ingest(body)).answer
      if (!KEY.test(key))
        throw invalidRequest([
          {
            type: 'value_error',
            loc: ['header', 'Idempotency-Key'],
            msg: 'Input should be 1 to 255 printable ASCII characters',
            input: key.slice(0, 300),
          },
        ])
      const call = callOf(request)
      const { answer, replayed } = await ingestion.ingest(body, {
        identity: { scope: (call.principal as Principal | undefined)?.id ?? '', key },
        fingerprint: {
          value: await hashOfValue(body, LEASE_FIELDS),
          text: await hashOfText(call.bodyText ?? '', 'base64url'),
        },
      })
      if (replayed) set.headers['idempotency-replayed'] = 'true'
      return answer
    },
    {
      body: ingestBatch,
      detail: op(
        'Ingest a batch',
        'Good elements are stored, bad ones reported. An `Idempotency-Key` makes a repeat safe: of a task’s next attempt as well, since `task_id`, `worker_id` and `fence` do not count, nor do white space and the order of keys.',
        answers(ingestAnswer, 404, 409, 422),
        {
          requestBody: ingestBatchDocument,
          parameters: [
            {
              in: 'header',
              name: 'Idempotency-Key',
              required: false,
              description: 'A repeat with the same key and body gets the same answer',
              schema: { type: 'string', minLength: 1, maxLength: 255 },
            },
          ],
          'x-max-body-bytes': 32 * MIB,
        },
      ),
    },
  )
