import { Elysia } from 'elysia'
import { z } from 'zod'
import { MIB } from '../../platform/http/body.ts'
import { queryParameters } from '../../platform/http/openapi.ts'
import { jsonArrayStream } from '../../platform/http/paging.ts'
import { invalidRequest, problemsOf } from '../envelope.ts'
import { pathId } from '../fields.ts'
import { answers, operation } from '../operation.ts'
import * as model from './model.ts'
import type { Sources } from './service.ts'

const params = z.object({
  id: pathId()
    .describe('id of the source')
    .meta({ examples: [1] }),
})
const op = operation('sources')

/** What a query says where the body says nothing: only then is it checked. */
const fromQuery = <S extends z.ZodObject>(schema: S, query: unknown): z.output<S> => {
  const result = schema.safeParse(query, { reportInput: true })
  if (!result.success) throw invalidRequest(problemsOf(result.error, ['query']))
  return result.data
}

/** Routes of sources (gifty §2.2). */
export const sourcesRoutes = (sources: Sources) =>
  new Elysia({ prefix: '/sources' })
    .get('', ({ query }) => jsonArrayStream(sources.all(query)), {
      query: model.listQuery,
      detail: op(
        'List sources',
        'All sources by id, or the first `limit`; the list is streamed.',
        answers(z.array(model.sourceView), 422),
      ),
    })
    .post('', ({ body }) => sources.upsert(body), {
      body: model.sourceCreate,
      detail: op(
        'Create or update a source',
        'Upsert by exact `url`: on update absent and null fields keep their value.',
        answers(model.sourceView, 422),
      ),
    })
    .post('/sync-spiders', ({ body }) => sources.syncSpiders(body.available_spiders), {
      body: model.syncSpiders,
      detail: op(
        'Report available spiders',
        'Each key that no source has becomes an inactive hub.',
        answers(model.syncSpidersResponse, 422),
      ),
    })
    .get('/backlog', ({ query }) => jsonArrayStream(sources.backlog(query.limit)), {
      query: model.backlogQuery,
      detail: op(
        'List the discovery backlog',
        'Sources in `discovered`, by priority, age and id.',
        answers(z.array(model.sourceView), 422),
      ),
    })
    .post('/backlog/activate', ({ body }) => sources.activate(body.source_ids), {
      body: model.backlogActivate,
      detail: op(
        'Activate discovered sources',
        'Others are skipped, each with the reason.',
        answers(model.backlogActivateResponse, 422),
      ),
    })
    .get('/backlog/stats', () => sources.backlogStats(), {
      detail: op('Read discovery quota and backlog size', 'The quota counts a rolling day.', answers(model.backlogStats)),
    })
    .get('/:id', ({ params }) => sources.detail(params.id), {
      params,
      detail: op(
        'Read a source',
        'The detail has totals, history, logs and the last error; a hub shows its whole site.',
        answers(model.sourceView, 404, 422),
      ),
    })
    .patch('/:id', ({ params, body }) => sources.patch(params.id, body), {
      params,
      body: model.sourcePatch,
      detail: op(
        'Change a source',
        'Absent and null fields stay, but `schedule: null` removes the schedule; `config` replaces the object.',
        answers(model.sourceView, 404, 409, 422),
      ),
    })
    .get('/:id/runs', ({ params, query }) => sources.runs(params.id, query.limit, query.cursor), {
      params,
      query: model.runsQuery,
      detail: op('List runs of a source', 'Newest first; of a hub those of its site.', answers(model.runsPage, 404, 422)),
    })
    .post(
      '/:id/force-run',
      ({ params, query, body }) =>
        sources.forceRun(params.id, body?.strategy ?? fromQuery(model.forceRunInput, query).strategy ?? undefined),
      {
        params,
        body: model.forceRunInput.optional(),
        detail: op(
          'Run a source now',
          'Works on inactive and broken sources too; `strategy` by body or query, the body wins.',
          answers(model.forceRunResponse, 404, 409, 422, 503),
          { parameters: queryParameters(model.forceRunInput) },
        ),
      },
    )
    .post(
      '/:id/toggle',
      ({ params, query, body }) => {
        const isActive = body?.is_active ?? fromQuery(model.toggleInput, query).is_active
        if (isActive === undefined || isActive === null)
          throw invalidRequest([{ type: 'missing', loc: ['body', 'is_active'], msg: 'Field required', input: null }])
        return sources.toggle(params.id, isActive)
      },
      {
        params,
        body: model.toggleInput.optional(),
        detail: op(
          'Switch a source on or off',
          '`is_active` by body or query, the body wins. An open run goes on.',
          answers(model.toggleResponse, 404, 422),
          { parameters: queryParameters(model.toggleInput) },
        ),
      },
    )
    .post('/:id/report-status', ({ params, body }) => sources.reportStatus(params.id, body), {
      params,
      body: model.reportStatus,
      detail: op(
        'Report the status of a run',
        'A report that names a run which has ended is answered with `ignored`.',
        answers(model.reportResponse, 404, 409, 422),
      ),
    })
    .post('/:id/report-logs', ({ params, body }) => sources.reportLogs(params.id, body), {
      params,
      body: model.reportLogs,
      detail: op(
        'Report logs of a run',
        'The last 100,000 characters of a run are kept.',
        answers(model.reportResponse, 404, 409, 422),
        { 'x-max-body-bytes': 8 * MIB },
      ),
    })
    .post('/:id/report-error', ({ params, body }) => sources.reportError(params.id, body), {
      params,
      body: model.reportError,
      detail: op(
        'Report a failed run',
        'Four soft errors in a row, or `is_broken`, break the source.',
        answers(model.reportResponse, 404, 409, 422),
      ),
    })
