import { Elysia } from 'elysia'
import { MIB } from '../../../platform/http/request.ts'
import type { GiftySurface } from '../../surface.ts'
import * as model from './model.ts'
import type { ScheduleService } from './service.ts'

/** What is due when, and what a schedule would do (operations §11). */
export const scheduleRoutes = (surface: GiftySurface, schedule: ScheduleService) =>
  new Elysia({ prefix: '/schedule', detail: { tags: ['operations'] } })
    .use(surface)
    .get('', ({ query }) => schedule.forecast(query), {
      auth: 'internal',
      query: model.forecastQuery,
      response: { 200: model.forecastAnswer },
      detail: {
        summary: 'List due times of the next hours',
        description: 'By source; with collisions of one host, and the due times that were skipped, on the first page.',
      },
    })
    .post('/preview', ({ body }) => schedule.preview(body), {
      auth: 'internal',
      bodyLimit: MIB,
      body: model.previewInput,
      response: { 200: model.previewAnswer },
      detail: {
        summary: 'Preview a schedule',
        description: 'Its next times and what is remarkable about them; nothing is stored.',
      },
    })
