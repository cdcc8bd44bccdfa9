import { Elysia } from 'elysia'
import { MIB } from '../../platform/http/request.ts'
import { type GiftySurface, type OperatorOf, problems } from '../surface.ts'
import { type Errors, errorGroups, errorsQuery } from './errors.ts'
import * as model from './model.ts'
import type { Attention } from './service.ts'

/** What is wrong with the fleet now, and what has failed (operations §7). */
export const attentionRoutes = (surface: GiftySurface, operatorOf: OperatorOf, attention: Attention, errors: Errors) =>
  new Elysia({ detail: { tags: ['operations'] } })
    .use(surface)
    .get('/attention', () => attention.list(), {
      auth: 'internal',
      query: model.noQuery,
      response: { 200: model.attentionList },
      detail: {
        summary: 'List what is wrong now',
        description: 'Worst first, muted items last. Sources of one site with one trouble are one item. At most 5 seconds old.',
      },
    })
    .post(
      '/attention/:id/mute',
      ({ params, body, principal, call, request }) => attention.mute(operatorOf(principal, call, request), params.id, body),
      {
        auth: 'internal',
        bodyLimit: MIB,
        params: model.itemParams,
        body: model.muteBody,
        response: { 200: model.muteView, ...problems() },
        detail: {
          summary: 'Mute an item',
          description:
            'It comes last, with `muted_until`, until then. Written to the audit. A time that has passed ends the mute.',
        },
      },
    )
    .get('/errors', ({ query }) => errors(query), {
      auth: 'internal',
      query: errorsQuery,
      response: { 200: errorGroups },
      detail: {
        summary: 'Group failures by their cause',
        description:
          'Of runs begun in the window, and of tasks that have failed for good in it (the newest 500 of each kind); most first.',
      },
    })
