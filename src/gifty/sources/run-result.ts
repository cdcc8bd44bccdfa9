import { z } from 'zod'
import { STRATEGIES } from './model.ts'

/** What a worker gets of a run (gifty §2.7, §4). */
export const runPayload = z
  .object({
    source_id: z.int(),
    url: z.string(),
    site_key: z.string().describe('selects the spider'),
    type: z.string(),
    strategy: z.enum(STRATEGIES),
    config: z.record(z.string(), z.unknown()).describe("the source's own settings, without the server's keys"),
    run_id: z.int(),
  })
  .meta({
    id: 'RunPayload',
    examples: [
      {
        source_id: 1,
        url: 'https://tea.example/catalogue',
        site_key: 'tea',
        type: 'list',
        strategy: 'deep',
        config: { currency: 'RUB' },
        run_id: 17,
      },
    ],
  })

/** A page of the site that was not read. */
export interface FailedPage {
  url: string
  /** The HTTP status, where there was an answer. */
  status: number | null
  reason: string
}
/** What a worker says of a run that it has completed (gifty §4). */
export interface RunLosses {
  /** Pages that were asked for, if it counts them. */
  pages: number
  pagesFailed: number
  /** At most a hundred. */
  failedPages: FailedPage[]
  /** Elements that it did not send because they could not be used. */
  rejected: number
  /** Why it ended before it had read everything. */
  endedEarly: string | undefined
}
export interface RunResult {
  logs?: string | undefined
  /** The lines of `logs` have been appended to the run's log already. */
  isAppended: boolean
  losses?: RunLosses
}

const KEPT_PAGES = 100
const count = z.int().min(0).nullish()
const cut = (limit: number) => z.string().transform((value) => (value.length > limit ? value.slice(0, limit) : value))
/** The result of a source task. Keys that are not named here are kept with the task. */
const runResult = z
  .object(
    {
      logs: z.string('result.logs should be a string').nullish(),
      logs_appended: z.boolean().nullish(),
      pages: count,
      pages_failed: count,
      rejected: count,
      failed_pages: z
        .array(z.object({ url: cut(2048), status: z.int().nullish(), reason: cut(500) }))
        .nullish()
        .transform((pages) => pages?.slice(0, KEPT_PAGES)),
      ended_early: cut(500).nullish(),
    },
    'Input should be an object',
  )
  .nullish()

/** Reads what a worker says with `complete`, or why it is refused. */
export const readRunResult = (result: unknown): RunResult | string => {
  const read = runResult.safeParse(result)
  if (!read.success) {
    const [{ path, message }] = read.error.issues as [z.core.$ZodIssue]
    return path.length === 0 || path[0] === 'logs' ? message : `result.${path.join('.')}: ${message}`
  }
  const {
    logs,
    pages,
    pages_failed: failed,
    rejected,
    failed_pages: failedPages,
    ended_early: endedEarly,
    logs_appended,
  } = read.data ?? {}
  const pagesFailed = Math.max(failed ?? 0, failedPages?.length ?? 0)
  const hasLosses = pagesFailed > 0 || (rejected ?? 0) > 0 || Boolean(endedEarly)
  return {
    logs: logs ?? undefined,
    isAppended: logs_appended === true,
    ...(hasLosses
      ? {
          losses: {
            pages: pages ?? 0,
            pagesFailed,
            failedPages: (failedPages ?? []).map((page) => ({ ...page, status: page.status ?? null })),
            rejected: rejected ?? 0,
            endedEarly: endedEarly || undefined,
          },
        }
      : {}),
  }
}
