import { z } from 'zod'
import { instant, text, time } from '../fields.ts'

/** What can be wrong (operations §7). Holds, webhooks and clocks come with their own issues. */
export const CAUSES = [
  'dependency_down',
  'disk_low',
  'no_worker',
  'outbox_stuck',
  'source_broken',
  'all_rejected',
  'source_failing',
  'tasks_dead',
  'queue_old',
  'source_stale',
  'yield_low',
] as const
export type Cause = (typeof CAUSES)[number]
/** Worst first. */
export const SEVERITIES = ['critical', 'error', 'warning'] as const
export type Severity = (typeof SEVERITIES)[number]

const action = z.object({
  label: z.string(),
  method: z.enum(['GET', 'POST', 'PATCH']),
  path: z.string(),
  body: z.record(z.string(), z.unknown()).optional(),
})
export const attentionItem = z
  .object({
    id: z.string().describe('stays the same while the trouble lasts'),
    severity: z.enum(SEVERITIES),
    cause: z.enum(CAUSES),
    scope: z.string().describe('`source:ID`, `site:S`, `kind:K`, `service:NAME` or `fleet`'),
    since: time(),
    title: z.string(),
    detail: z.string(),
    count: z.int().describe('sources, tasks or messages; at most 1001 tasks are counted'),
    actions: z.array(action).describe('requests that look closer or mend it'),
    muted_until: time().optional(),
  })
  .meta({ id: 'AttentionItem' })
export type AttentionItem = z.output<typeof attentionItem>

export const attentionList = z.object({ items: z.array(attentionItem) }).meta({
  examples: [
    {
      items: [
        {
          id: 'source_broken:site:tea',
          severity: 'error',
          cause: 'source_broken',
          scope: 'source:1',
          since: '2026-01-15T09:04:12.000Z',
          title: 'A source of tea is broken',
          detail: 'https://tea.example/catalogue: HTTP 404',
          count: 1,
          actions: [{ label: 'Run it again', method: 'POST', path: '/internal/sources/1/force-run', body: {} }],
        },
      ],
    },
  ],
})
/** Lists take no parameter that they do not know (operations). */
export const noQuery = z.strictObject({})

/** An item's id: a cause with its scope. */
export const itemParams = z.object({
  id: z
    .string()
    .regex(/^[a-z_]{1,40}(?::[a-z]{1,20}:.{1,200})?$/su, 'Input should be the id of an item')
    .describe('`id` of the list')
    .meta({ examples: ['source_broken:site:tea'] }),
})
export const muteBody = z
  .object({
    until: instant()
      .describe('until when it comes last; a time that has passed ends a mute')
      .meta({ examples: ['2026-01-16T09:00:00Z'] }),
    reason: text(1, 500)
      .describe('for those who read the list')
      .meta({ examples: ['the shop moves this week'] }),
  })
  .meta({ examples: [{ until: '2026-01-16T09:00:00Z', reason: 'the shop moves this week' }] })
export const muteView = z.object({ id: z.string(), until: time(), reason: z.string() }).meta({
  examples: [{ id: 'source_broken:site:tea', until: '2026-01-16T09:00:00.000Z', reason: 'the shop moves this week' }],
})
