import { z } from 'zod'
import { TASK_STATES } from '../../tasks/index.ts'
import { instant, integer, SITE_KEY, siteKey, text, time } from '../fields.ts'
import { MAX_POINTS, SERIES_NAMES } from './series.ts'

const MAX_TOPICS = 20
const isTopic = (topic: string): boolean => {
  if (['fleet', 'runs', 'tasks', 'workers', 'attention', 'audit'].includes(topic)) return true
  const [, of, name = ''] = /^(site|source|run):(.+)$/s.exec(topic) ?? []
  if (of === 'site') return SITE_KEY.test(name)
  return of !== undefined && /^[1-9]\d{0,14}$/.test(name)
}
export const eventsQuery = z.strictObject({
  topics: z
    .string('Input should be a comma list of topics')
    .transform((value) => [...new Set(value.split(',').map((one) => one.trim()))])
    .pipe(
      z
        .array(
          z
            .string()
            .refine(isTopic, 'Input should be fleet, runs, tasks, workers, attention, audit, site:KEY, source:ID or run:ID'),
        )
        .min(1)
        .max(MAX_TOPICS),
    )
    .meta({ examples: ['runs,attention,site:tea'] })
    .describe('a comma list of `fleet`, `runs`, `tasks`, `workers`, `attention`, `audit`, `site:KEY`, `source:ID`, `run:ID`'),
})
/** The data of an event. */
export const liveEvent = z.object({ topic: z.string(), type: z.string(), at: time(), data: z.unknown() }).meta({
  id: 'LiveEvent',
  examples: [
    {
      topic: 'runs',
      type: 'run.ended',
      at: '2026-01-15T09:04:12.000Z',
      data: { run_id: 17, source_id: 1, site_key: 'tea', status: 'partial', items_scraped: 120, items_new: 12 },
    },
  ],
})

export const seriesQuery = z.strictObject({
  name: z.enum(SERIES_NAMES).describe('what was sampled'),
  site_key: siteKey().nullish().describe('only of this site; series of items and runs'),
  kind: text(1, 64).nullish().describe('only of this kind; series of tasks'),
  from: instant().nullish().describe('a day before `to` unless given'),
  to: instant().nullish().describe('now unless given'),
  step: integer(60, 31_536_000)
    .nullish()
    .describe(
      `seconds, rounded up to whole minutes (to whole hours, from two weeks back), and so that there are at most ${MAX_POINTS} points`,
    ),
})
export const seriesView = z
  .object({
    name: z.enum(SERIES_NAMES),
    is: z
      .enum(['sum', 'level', 'mean'])
      .describe('`sum` of what happened in a step; `level` on average in it; `mean` of single values'),
    step: z.int().describe('seconds'),
    points: z
      .array(z.tuple([time(), z.number()]))
      .describe('time at which a step begins, and value; steps in which there was nothing are left out'),
  })
  .meta({
    examples: [
      {
        name: 'items_new',
        is: 'sum',
        step: 60,
        points: [
          ['2026-01-15T09:04:00.000Z', 12],
          ['2026-01-15T09:05:00.000Z', 7],
        ],
      },
    ],
  })

export const countsQuery = z.strictObject({ site_key: siteKey().nullish().describe('only runs of this site') })
export const taskCounts = z
  .object({
    items: z.array(
      z.object({
        kind: z.string(),
        state: z.enum(TASK_STATES),
        count: z.int().describe('of ended tasks those that are still kept, at most 10,000'),
        oldest_at: time().nullable().describe('when the oldest of them was made; null for ended ones'),
        per_minute_1: z
          .number()
          .optional()
          .optional()
          .describe('tasks that came to this state in the last full minute; of `queued` those that were made'),
        per_minute_15: z.number().optional().optional().describe('mean of the last 15 full minutes'),
      }),
    ),
  })
  .meta({
    examples: [
      {
        items: [
          {
            ...{ kind: 'source.run', state: 'queued', count: 12, oldest_at: '2026-01-15T09:00:00.000Z' },
            ...{ per_minute_1: 4, per_minute_15: 3.2 },
          },
        ],
      },
    ],
  })
