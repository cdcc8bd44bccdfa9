import { z } from 'zod'
import { redactText } from '../../platform/log.ts'
import type { Upstream } from '../../platform/upstream/index.ts'

const LIMIT = 5
const LINE_MAX = 200
const HOUR_MS = 3_600_000
const ERRORS = '{job=~".+"} |~ "(?i)(error|exception)"'

/** Made only where Loki is configured. */
const answer = () =>
  z.object({
    data: z.object({
      result: z.array(z.object({ values: z.array(z.tuple([z.string().regex(/^\d{1,30}$/), z.string()], z.unknown())) })),
    }),
  })
const nanoseconds = (at: number) => `${at}000000`
const cut = (line: string) => (line.length > LINE_MAX ? `${line.slice(0, LINE_MAX).toWellFormed()}...` : line)

/** Queries to Loki (gifty §10). Throws UpstreamError. */
export const createLoki = (upstream: Upstream) => {
  const body = answer()
  return {
    /** Error lines of the hour before `now`, newest first, without the secrets they may hold. */
    lastErrors: (now: number): Promise<string[]> =>
      upstream.call({
        path: '/loki/api/v1/query_range',
        query: {
          query: ERRORS,
          limit: String(LIMIT),
          direction: 'backward',
          start: nanoseconds(now - HOUR_MS),
          end: nanoseconds(now),
        },
        read: (given) =>
          body
            .parse(given)
            .data.result.flatMap(({ values }) => values.map(([at, line]) => ({ at: BigInt(at), line })))
            .sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0))
            .slice(0, LIMIT)
            .map(({ line }) => cut(redactText(line))),
      }),
  }
}
export type Loki = ReturnType<typeof createLoki>
