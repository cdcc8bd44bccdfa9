import { JobFailed } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import { redactText } from '../../platform/log.ts'
import type { TaskContext } from '../worker.ts'
import { crawlDeep } from './deep.ts'
import { discover } from './discovery.ts'
import { FetchError } from './errors.ts'
import type { Fetcher } from './fetcher.ts'
import { createSession } from './session.ts'

/** The payload of `source.run.web` (gifty §2.7, §2.8) with `config.web` resolved. */
export interface WebTask {
  sourceId: number
  url: string
  siteKey: string
  type: string
  strategy: 'deep' | 'discovery'
  runId: string
  /** `config.discovery_name`: the category's name where it was discovered. */
  discoveryName?: string
  /** Pages to fetch at most, 1..10,000; default 200. */
  maxPages: number
  /** Least ms between the starts of two requests to the host, 0..60,000; default 500. */
  delayMs: number
}

/** Reads a task's payload. Throws `JobFailed` (not retryable) when it is none of ours; odd numbers in `config.web` are clamped. */
export const readPayload = (payload: unknown): WebTask => {
  const body = (payload ?? {}) as Record<string, any>
  const { source_id, url, site_key } = body
  if (!Number.isSafeInteger(source_id) || typeof url !== 'string' || typeof site_key !== 'string')
    throw new JobFailed('Payload lacks source_id, url or site_key', false)
  const config = typeof body.config === 'object' && body.config ? body.config : {}
  const web = typeof config.web === 'object' && config.web ? config.web : {}
  const name = typeof config.discovery_name === 'string' ? config.discovery_name.trim() : ''
  return {
    sourceId: source_id,
    url,
    siteKey: site_key,
    type: typeof body.type === 'string' ? body.type : 'list',
    strategy: body.strategy === 'discovery' ? 'discovery' : 'deep',
    runId: String(body.run_id ?? ''),
    ...(name ? { discoveryName: name } : {}),
    maxPages: clamp(web.max_pages, 200, 1, 10_000),
    delayMs: clamp(web.delay_ms, 500, 0, 60_000),
  }
}

const clamp = (value: unknown, fallback: number, low: number, high: number) => {
  const number = typeof value === 'number' || (typeof value === 'string' && value.trim()) ? Number(value) : Number.NaN
  return Number.isFinite(number) ? Math.min(Math.max(Math.round(number), low), high) : fallback
}

const MAX_CHARS = 100_000 // what the server keeps of a run's logs (gifty §2.2, report-logs)
const MAX_LINE = 1000

/** A run's readable story, at most 100,000 characters: the beginning and the end stay, the middle goes. */
export interface RunLog {
  add(line: string): void
  text(): string
}

export const createRunLog = (clock: Clock): RunLog => {
  const head: string[] = []
  const tail: string[] = []
  let headChars = 0
  let tailChars = 0
  let dropped = 0
  return {
    add(line) {
      const stamped = `${new Date(clock.now()).toISOString()} ${redactText(line).slice(0, MAX_LINE)}`
      if (tail.length === 0 && headChars + stamped.length < MAX_CHARS / 2 - 100) {
        headChars += stamped.length + 1
        head.push(stamped)
        return
      }
      tail.push(stamped)
      tailChars += stamped.length + 1
      while (tailChars > MAX_CHARS / 2 - 100) {
        tailChars -= tail.shift()!.length + 1
        dropped++
      }
    },
    text: () => [...head, ...(dropped > 0 ? [`... ${dropped} lines left out ...`] : []), ...tail].join('\n'),
  }
}

/**
 * Runs one task of kind `source.run.web` (gifty §2.8, §4) and answers `{logs}`, <= 100,000 characters. Throws `JobFailed`: retryable for
 * timeouts, 5xx, 429 and unreachable hosts, final for 404, robots.txt and refused addresses.
 */
export const runWebTask = async (context: TaskContext, fetcher: Fetcher): Promise<{ logs: string }> => {
  const task = readPayload(context.task.payload)
  const log = createRunLog(context.clock)
  const session = createSession(context, task, fetcher, log)
  const startedAt = context.clock.now()
  log.add(`${task.strategy} of ${task.type} ${task.url}, at most ${task.maxPages} pages, ${task.delayMs} ms apart`)
  try {
    await (task.strategy === 'discovery' ? discover(session) : crawlDeep(session))
  } catch (error) {
    if (error instanceof FetchError && !context.signal.aborted)
      throw new JobFailed(`${task.url}: ${error.message}`, error.retryable)
    throw error
  }
  const { counts } = session
  const seconds = ((context.clock.now() - startedAt) / 1000).toFixed(1)
  log.add(
    `Done in ${seconds} s: ${counts.pages} pages (${counts.pages_failed} failed), ${counts.items} items (${counts.items_new} new), ` +
      `${counts.categories} categories, ${counts.rejected} rejected`,
  )
  return { logs: log.text() }
}
