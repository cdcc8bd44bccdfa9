import { z } from 'zod'
import { PREVIEW_WARNINGS } from '../../../tasks/index.ts'
import { absent, absentOrNull, instant, integer, nextCursor, siteKey, text, time } from '../../fields.ts'
import { calendarFields, scheduleView } from './fields.ts'

export const previewInput = z
  .object({
    ...calendarFields,
    count: absentOrNull(integer(1, 100), 10).describe('most times'),
    from: instant().nullish().describe('times after this; now when absent'),
  })
  .meta({
    examples: [
      {
        cron: '0 */6 * * *',
        timezone: 'Europe/Berlin',
        blackout: [{ days: [1, 2, 3, 4, 5], from: '22:00', to: '06:00' }],
        count: 2,
      },
    ],
  })
export type PreviewInput = z.output<typeof previewInput>

export const previewAnswer = z
  .object({
    times: z.array(time()).describe('without jitter, which each source has its own of'),
    warnings: z.array(
      z.object({
        code: z.enum(PREVIEW_WARNINGS),
        message: z.string(),
        at: time().nullable().describe('when it happens first'),
      }),
    ),
  })
  .meta({
    examples: [
      {
        times: ['2026-01-15T11:00:00.000Z', '2026-01-15T17:00:00.000Z'],
        warnings: [
          {
            code: 'jitter',
            message: 'Each time of a source comes up to 60 s later, by its id and that time',
            at: null,
          },
        ],
      },
    ],
  })

export const forecastQuery = z.strictObject({
  hours: absent(integer(1, 168), 24).describe('how far ahead, and for skips how far back'),
  site_key: siteKey().nullish().describe('only sources of this site'),
  limit: absent(integer(1, 500), 50).describe('most sources of the page'),
  cursor: text().nullish().describe('`next_cursor` of the page before'),
})
export type ForecastQuery = z.output<typeof forecastQuery>

const planned = z.object({
  source_id: z.int(),
  site_key: z.string(),
  url: z.string(),
  host: z.string(),
  schedule: scheduleView.nullable(),
  refresh_interval_hours: z.int().nullable().describe('of a source without a schedule'),
  times: z.array(time()).describe('the first hundred; the first one may have passed'),
  more: z.boolean().describe('whether further times follow within the hours'),
})
export const forecastAnswer = z
  .object({
    from: time(),
    to: time(),
    items: z.array(planned),
    collisions: z
      .array(
        z.object({
          host: z.string(),
          at: time().describe('the minute'),
          count: z.int().describe('due times in it'),
          limit: z.int().nullable().describe('most tasks of the host at once; null without a limit'),
          source_ids: z.array(z.int()).describe('the first twenty'),
        }),
      )
      .describe('the worst hundred, on the first page'),
    collisions_complete: z.boolean().describe('whether every due time within the hours was looked at'),
    skips: z
      .array(
        z.object({
          run_id: z.int(),
          source_id: z.int(),
          site_key: z.string(),
          at: time(),
          reason: z.string().nullable(),
        }),
      )
      .describe('the newest hundred, on the first page'),
    next_cursor: nextCursor(),
  })
  .meta({
    examples: [
      {
        from: '2026-01-15T09:00:00.000Z',
        to: '2026-01-16T09:00:00.000Z',
        items: [
          {
            source_id: 1,
            site_key: 'tea',
            url: 'https://tea.example/catalogue',
            host: 'tea.example',
            schedule: { cron: '0 6 * * *', timezone: 'Europe/Moscow', jitter_seconds: 60 },
            refresh_interval_hours: null,
            times: ['2026-01-16T03:00:41.000Z'],
            more: false,
          },
        ],
        collisions: [{ host: 'tea.example', at: '2026-01-16T03:00:00.000Z', count: 3, limit: 2, source_ids: [1, 4, 5] }],
        collisions_complete: true,
        skips: [{ run_id: 16, source_id: 1, site_key: 'tea', at: '2026-01-15T03:00:41.000Z', reason: 'overlap' }],
        next_cursor: null,
      },
    ],
  })
export type Forecast = z.output<typeof forecastAnswer>
