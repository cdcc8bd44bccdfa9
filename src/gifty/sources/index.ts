import { Elysia } from 'elysia'
import { z } from 'zod'
import { jsonArrayStream } from '../../platform/http/lists.ts'
import { checkedLater } from '../../platform/http/macros.ts'
import { documented } from '../../platform/http/openapi.ts'
import { MIB } from '../../platform/http/request.ts'
import { invalidRequest, problemsOf } from '../envelope.ts'
import { OK, okResponse, wholeNumber } from '../fields.ts'
import { type GiftySurface, problems } from '../surface.ts'
import * as model from './model.ts'
import type { Sources } from './service.ts'

/** A path id: any well-formed integer; one no row can have is simply not found, however large. */
const pathId = () =>
  z.preprocess((value) => {
    if (typeof value !== 'string' || !/^[+-]?\d+$/.test(value)) return value
    const id = Number(value)
    return Number.isSafeInteger(id) ? id : -1
  }, wholeNumber())
const params = z.object({
  id: pathId()
    .describe('id of the source')
    .meta({ examples: [1] }),
})

/** What a query says where the body says nothing: only then is it checked. */
const fromQuery = <S extends z.ZodObject>(schema: S, query: unknown): z.output<S> => {
  const result = schema.safeParse(query, { reportInput: true })
  if (!result.success) throw invalidRequest(problemsOf(result.error, ['query']))
  return result.data
}

/** Routes of sources (gifty §2.2). */
export const sourcesRoutes = (surface: GiftySurface, sources: Sources) =>
  new Elysia({ detail: { tags: ['gifty: sources'] }, prefix: '/sources' })
    .use(surface)
    .get('', ({ query }) => jsonArrayStream(sources.all(query)), {
      auth: 'internal',
      query: model.listQuery,
      response: { 200: z.array(model.sourceView) },
      detail: { summary: 'List sources', description: 'All sources by id, or the first `limit`; the list is streamed.' },
    })
    .post('', ({ body }) => sources.upsert(body), {
      auth: 'internal',
      bodyLimit: MIB,
      body: model.sourceCreate,
      response: { 200: model.sourceView },
      detail: {
        summary: 'Create or update a source',
        description: 'Upsert by exact `url`: on update absent and null fields keep their value.',
      },
    })
    .post('/sync-spiders', ({ body }) => sources.syncSpiders(body.available_spiders), {
      auth: 'internal',
      bodyLimit: MIB,
      body: model.syncSpiders,
      response: { 200: model.syncSpidersResponse },
      detail: { summary: 'Report available spiders', description: 'Each key that no source has becomes an inactive hub.' },
    })
    .get('/backlog', ({ query }) => jsonArrayStream(sources.backlog(query.limit)), {
      auth: 'internal',
      query: model.backlogQuery,
      response: { 200: z.array(model.sourceView) },
      detail: { summary: 'List the discovery backlog', description: 'Sources in `discovered`, by priority, age and id.' },
    })
    .post('/backlog/activate', ({ body }) => sources.activate(body.source_ids), {
      auth: 'internal',
      bodyLimit: MIB,
      body: model.backlogActivate,
      response: { 200: model.backlogActivateResponse },
      detail: { summary: 'Activate discovered sources', description: 'Others are skipped, each with the reason.' },
    })
    .get('/backlog/stats', () => sources.backlogStats(), {
      auth: 'internal',
      response: { 200: model.backlogStats },
      detail: { summary: 'Read discovery quota and backlog size', description: 'The quota counts a rolling day.' },
    })
    .get('/:id', ({ params }) => sources.detail(params.id), {
      auth: 'internal',
      params,
      response: { 200: model.sourceView, ...problems(404) },
      detail: {
        summary: 'Read a source',
        description: 'The detail has totals, history, logs and the last error; a hub shows its whole site.',
      },
    })
    .patch('/:id', ({ params, body }) => sources.patch(params.id, body), {
      auth: 'internal',
      bodyLimit: MIB,
      params,
      body: model.sourcePatch,
      response: { 200: model.sourceView, ...problems(404, 409) },
      detail: {
        summary: 'Change a source',
        description: 'Absent and null fields stay, but `schedule: null` removes the schedule; `config` replaces the object.',
      },
    })
    .delete(
      '/:id',
      async ({ params, query }) => {
        await sources.remove(params.id, query.cancel)
        return OK
      },
      {
        auth: 'internal',
        params,
        query: model.removeQuery,
        response: { 200: okResponse, ...problems(404, 409) },
        detail: {
          summary: 'Remove a source with its runs',
          description: 'Its products stay. 409 while a run is open, unless `cancel=true` cancels it.',
        },
      },
    )
    .get('/:id/runs', ({ params, query }) => sources.runs(params.id, query.limit, query.cursor), {
      auth: 'internal',
      params,
      query: model.runsQuery,
      response: { 200: model.runsPage, ...problems(404) },
      detail: { summary: 'List runs of a source', description: 'Newest first; of a hub those of its site.' },
    })
    .post(
      '/:id/force-run',
      ({ params, query, body }) =>
        sources.forceRun(params.id, body?.strategy ?? fromQuery(model.forceRunInput, query).strategy ?? undefined),
      {
        auth: 'internal',
        bodyLimit: MIB,
        params,
        query: checkedLater(model.forceRunInput),
        body: model.forceRunInput.optional(),
        response: { 200: model.forceRunResponse, ...problems(404, 409, 503) },
        detail: documented({
          summary: 'Run a source now',
          description: 'Works on inactive and broken sources too; `strategy` by body or query, the body wins.',
          query: model.forceRunInput,
        }),
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
        auth: 'internal',
        bodyLimit: MIB,
        params,
        query: checkedLater(model.toggleInput),
        body: model.toggleInput.optional(),
        response: { 200: model.toggleResponse, ...problems(404) },
        detail: documented({
          summary: 'Switch a source on or off',
          description: '`is_active` by body or query, the body wins. An open run goes on.',
          query: model.toggleInput,
        }),
      },
    )
    .post('/:id/report-status', ({ params, body }) => sources.reportStatus(params.id, body), {
      auth: 'internal',
      bodyLimit: MIB,
      params,
      body: model.reportStatus,
      response: { 200: model.reportResponse, ...problems(404, 409) },
      detail: {
        summary: 'Report the status of a run',
        description: 'A report that names a run which has ended is answered with `ignored`.',
      },
    })
    .post('/:id/report-logs', ({ params, body }) => sources.reportLogs(params.id, body), {
      auth: 'internal',
      bodyLimit: 8 * MIB,
      params,
      body: model.reportLogs,
      response: { 200: model.reportResponse, ...problems(404, 409) },
      detail: { summary: 'Report logs of a run', description: 'The last 100,000 characters of a run are kept.' },
    })
    .post('/:id/report-error', ({ params, body }) => sources.reportError(params.id, body), {
      auth: 'internal',
      bodyLimit: MIB,
      params,
      body: model.reportError,
      response: { 200: model.reportResponse, ...problems(404, 409) },
      detail: { summary: 'Report a failed run', description: 'Four soft errors in a row, or `is_broken`, break the source.' },
    })
