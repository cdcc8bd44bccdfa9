import { Elysia } from 'elysia'
import { type GiftySurface, problems } from '../surface.ts'
import * as model from './model.ts'
import type { Sites } from './service.ts'

/** Sites with their sources, runs and products (operations §10). */
export const sitesRoutes = (surface: GiftySurface, sites: Sites) =>
  new Elysia({ prefix: '/sites', detail: { tags: ['operations'] } })
    .use(surface)
    .get('', ({ query }) => sites.list(query), {
      auth: 'internal',
      query: model.sitesQuery,
      response: { 200: model.sitesPage },
      detail: { summary: 'List sites', description: 'Every site that has sources or products, by its key. Keyset pages.' },
    })
    .get('/:key', ({ params }) => sites.detail(params.key), {
      auth: 'internal',
      params: model.siteParams,
      query: model.noQuery,
      response: { 200: model.siteDetail, ...problems(404) },
      detail: { summary: 'Read a site', description: 'With the share of its products that have each field.' },
    })
    .get('/:key/fields', ({ params }) => sites.fields(params.key), {
      auth: 'internal',
      params: model.siteParams,
      query: model.noQuery,
      response: { 200: model.siteFields, ...problems(404) },
      detail: {
        summary: 'Read how full the fields of a site are',
        description: 'Of the products that changed last, with some of the newest values of each field.',
      },
    })
