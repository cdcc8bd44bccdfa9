import { Elysia } from 'elysia'
import { z } from 'zod'
import { documented } from '../../../platform/http/openapi.ts'
import { MIB } from '../../../platform/http/request.ts'
import { rowExport } from '../../../platform/http/row-export.ts'
import { lastEventId } from '../../envelope.ts'
import { type GiftySurface, problems } from '../../surface.ts'
import type { RunLogs } from './logs.ts'
import * as model from './model.ts'
import type { FleetRuns } from './service.ts'

const wants = (request: Request, type: string): boolean => (request.headers.get('accept') ?? '').includes(type)
/** Runs of the whole fleet and their logs (operations §2). */
export const fleetRunsRoutes = (surface: GiftySurface, runs: FleetRuns, logs: RunLogs) =>
  new Elysia({ prefix: '/runs', detail: { tags: ['operations'] } })
    .use(surface)
    .get('', ({ query }) => runs.list(query), {
      auth: 'internal',
      query: model.runsQuery,
      response: { 200: model.fleetRunsPage },
      detail: { summary: 'List runs of the fleet', description: 'Newest first, with filters.' },
    })
    .get(
      '/export',
      ({ query: { format, ...query } }) => rowExport(runs.pages(query), { format, columns: model.RUN_COLUMNS, name: 'runs' }),
      {
        auth: 'internal',
        query: model.runsExportQuery,
        response: problems(),
        detail: documented({
          summary: 'Export runs',
          description: 'Those of the same filters, newest first, streamed.',
          responses: {
            200: {
              'text/csv': z.string().meta({ examples: ['id,source_id,site_key\r\n17,1,tea\r\n'] }),
              'application/x-ndjson': z.string().meta({ examples: ['{"id":17,"source_id":1,"site_key":"tea"}\n'] }),
            },
          },
        }),
      },
    )
    .get('/:id', ({ params }) => runs.detail(params.id), {
      auth: 'internal',
      params: model.runParams,
      response: { 200: model.runDetail, ...problems(404) },
      detail: { summary: 'Read a run', description: 'With its timeline, rejected elements and failed pages.' },
    })
    .get(
      '/:id/logs',
      async ({ request, call, params, query }) => {
        const after = lastEventId(request, 'line') ?? query.after
        if (wants(request, 'text/event-stream')) return logs.follow(params.id, { ...query, after }, call.recheck)
        const answer = await logs.read(params.id, query)
        if (!wants(request, 'text/plain')) return answer
        const text = answer.lines.map(({ at, level, message }) => `${at} ${level.toUpperCase()} ${message}\n`).join('')
        return new Response(text, { headers: { 'content-type': 'text/plain;charset=utf-8' } })
      },
      {
        auth: 'internal',
        params: model.runParams,
        query: model.logsQuery,
        response: problems(404),
        detail: documented({
          summary: 'Read or follow the log of a run',
          description:
            'The last 10,000 lines are kept. `Accept: text/plain` gives the text; `Accept: text/event-stream` follows until the run has ended, and `Last-Event-ID` goes on where a stream ended.',
          responses: {
            200: {
              'application/json': model.logsAnswer,
              'text/plain': z.string().meta({ examples: ['2026-01-15T09:04:11.000Z INFO page 8: 60 products\n'] }),
              'text/event-stream': z.string().meta({
                examples: [
                  'id: 42\nevent: line\ndata: {"n":42,"at":"2026-01-15T09:04:11.000Z","level":"info","message":"page 8: 60 products"}\n\n',
                ],
              }),
            },
          },
        }),
      },
    )
    .post('/:id/logs', ({ params, body }) => logs.append(params.id, body), {
      auth: 'internal',
      bodyLimit: 8 * MIB,
      params: model.runParams,
      body: model.appendBody,
      response: { 200: model.appendAnswer, ...problems(404, 409) },
      detail: { summary: 'Append to the log of a run', description: 'With `worker_id` and `fence` only while that lease holds.' },
    })
