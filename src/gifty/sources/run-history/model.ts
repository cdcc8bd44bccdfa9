import { z } from 'zod'
import { ROW_FORMATS } from '../../../platform/http/row-export.ts'
import { absent, instant, integer, listOf, nextCursor, siteKey, text, time } from '../../fields.ts'
import { LOG_LEVELS, RUN_EVENTS, RUN_STATUSES, runView } from '../model.ts'

/** States of runs as operators see them: `partial` is a completed run of which something was lost. */
const STATUSES = [...RUN_STATUSES, 'partial'] as const
const TRIGGERS = ['schedule', 'force', 'worker', 'ingest'] as const
const RUN_KINDS = ['source.run', 'source.run.web'] as const

const id = () => integer(1)

export const runParams = z.object({
  id: id()
    .describe('of the run')
    .meta({ examples: [17] }),
})
export const runsQuery = z.strictObject({
  status: listOf(STATUSES).describe('a comma list'),
  site_key: siteKey().nullish().describe('only runs of this site'),
  source_id: id().nullish().describe('only runs of this source'),
  trigger: listOf(TRIGGERS).describe('a comma list'),
  kind: listOf(RUN_KINDS).describe('a comma list; `source.run.web` is of the built-in worker'),
  worker_id: text(1, 128).nullish().describe('who leased the task last'),
  error_group: z
    .string()
    .regex(/^[0-9a-f]{16}$/, 'Input should be a fingerprint')
    .nullish()
    .describe('`fingerprint` of `/internal/errors`'),
  q: text(1, 200).nullish().describe('text in the address, the site key or the error; letters a to z in any case'),
  from: instant().nullish().describe('runs made since then'),
  to: instant().nullish().describe('and before this'),
  min_items: integer(0).nullish().describe('least number of items stored'),
  max_items: integer(0).nullish().describe('greatest number of items stored'),
  limit: absent(integer(1, 500), 50).describe('most rows of the page'),
  cursor: text().nullish().describe('`next_cursor` of the page before'),
})
export type RunsQuery = z.output<typeof runsQuery>
export const runsExportQuery = runsQuery
  .omit({ limit: true, cursor: true })
  .extend({ format: z.enum(ROW_FORMATS).default('csv').describe('form of the file') })

const shown = runView.omit({ status: true }).extend({
  status: z.enum(STATUSES),
  site_key: z.string(),
  url: z.string(),
  source_type: z.string(),
  kind: z.enum(RUN_KINDS),
  worker_id: z.string().nullable().describe('who leased its task last'),
  attempts: z.int().describe('leases of its task'),
  items_unchanged: z.int(),
  items_duplicate: z.int().describe('elements that stood in their batch before'),
  batches: z.int(),
  outcome_reason: z.string().nullable().describe('why it ended before it had read everything'),
  last_activity_at: time(),
  error_group: z.string().nullable(),
  log_lines: z.int().describe('number of its newest log line'),
})
const example = {
  ...{
    id: 17,
    source_id: 1,
    site_key: 'tea',
    url: 'https://tea.example/catalogue',
    source_type: 'list',
    kind: 'source.run' as const,
  },
  ...{ task_id: '0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34', worker_id: 'worker-1', attempts: 1, date: '2026-01-15T09:00:02.000Z' },
  ...{ started_at: '2026-01-15T09:00:02.000Z', finished_at: '2026-01-15T09:04:12.000Z', duration_seconds: 250 },
  ...{
    status: 'partial' as const,
    strategy: 'deep',
    trigger: 'force' as const,
    items_scraped: 120,
    items_new: 12,
    items_updated: 30,
  },
  ...{ items_unchanged: 78, items_duplicate: 2, items_rejected: 1, categories_found: 0, pages_failed: 0, batches: 3 },
  ...{ outcome: 'partial' as const, outcome_reason: null, last_activity_at: '2026-01-15T09:04:12.000Z', error: null },
  ...{ error_group: null, log_lines: 42 },
}
export const fleetRunView = shown.meta({ id: 'RunView', examples: [example] })
export type FleetRunView = z.output<typeof fleetRunView>
/** The columns of an export. */
export const RUN_COLUMNS = Object.keys(example) as (keyof FleetRunView)[]
export const fleetRunsPage = z
  .object({
    items: z.array(fleetRunView),
    next_cursor: nextCursor().describe('null on the last page; a page may be empty although more follow'),
  })
  .meta({ examples: [{ items: [example], next_cursor: null }] })

export const runDetail = shown
  .extend({
    progress: z.unknown().describe('what its worker reported last, while it is open'),
    timeline: z.array(z.object({ at: time(), event: z.enum(RUN_EVENTS), data: z.record(z.string(), z.unknown()).nullable() })),
    rejected: z.array(z.unknown()).describe('the first hundred elements that were not stored, with the reasons'),
    failed_pages: z
      .array(z.object({ url: z.string(), status: z.int().nullable(), reason: z.string() }))
      .describe('the first hundred'),
  })
  .meta({
    id: 'RunDetail',
    examples: [
      {
        ...example,
        progress: null,
        timeline: [
          { at: '2026-01-15T09:00:00.000Z', event: 'queued', data: { trigger: 'force', strategy: 'deep' } },
          { at: '2026-01-15T09:00:02.000Z', event: 'started', data: { worker_id: 'worker-1', attempts: 1 } },
          { at: '2026-01-15T09:04:12.000Z', event: 'ended', data: { status: 'partial' } },
        ],
        rejected: [{ index: 3, errors: [{ field: 'title', message: 'Field required' }] }],
        failed_pages: [],
      },
    ],
  })
export type RunDetail = z.output<typeof runDetail>

/** Characters of a log line's message that are kept. */
const MAX_MESSAGE = 8192
const cut = (value: string) => (value.length > MAX_MESSAGE ? value.slice(0, MAX_MESSAGE).toWellFormed() : value)
const logLine = z.union([
  z.string().transform((message) => ({ message: cut(message), level: undefined, at: undefined, fields: undefined })),
  z.object({
    message: z.string().transform(cut),
    level: z.enum(LOG_LEVELS).nullish(),
    at: instant().nullish().describe('when it was written; the time of arrival when absent'),
    fields: z.record(z.string(), z.unknown()).nullish(),
  }),
])
export type LogLineInput = z.output<typeof logLine>
export const appendBody = z
  .object({
    lines: z.array(logLine).min(1).max(1000).describe('a text, or an object; messages are cut at 8,192 characters'),
    worker_id: text(1, 128).nullish().describe('with `fence`: only while this lease holds'),
    fence: integer(0).nullish(),
  })
  .meta({
    examples: [{ lines: [{ level: 'warn', message: 'page 7 answered 503', fields: { page: 7 } }, 'page 8: 60 products'] }],
  })
export const appendAnswer = z.object({ last: z.int().describe('number of the newest line') }).meta({ examples: [{ last: 42 }] })

export const logsQuery = z.strictObject({
  after: absent(integer(0), 0).describe('lines with a higher number'),
  level: z.enum(LOG_LEVELS).nullish().describe('of this level and above'),
  q: text(1, 200).nullish().describe('text in the message; letters a to z in any case'),
  limit: absent(integer(1, 5000), 1000).describe('most lines'),
})
export type LogsQuery = z.output<typeof logsQuery>
export const logView = z.object({
  n: z.int(),
  at: time(),
  level: z.enum(LOG_LEVELS),
  message: z.string(),
  fields: z.record(z.string(), z.unknown()).optional(),
})
export type LogView = z.output<typeof logView>
export const logsAnswer = z
  .object({ lines: z.array(logView), last: z.int().describe('number of the newest line of the run') })
  .meta({
    examples: [{ lines: [{ n: 42, at: '2026-01-15T09:04:11.000Z', level: 'info', message: 'page 8: 60 products' }], last: 42 }],
  })
