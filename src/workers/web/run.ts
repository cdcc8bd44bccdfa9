import { JobFailed } from '../../platform/job.ts'
import type { TaskContext } from '../worker.ts'
import { readDeep } from './deep.ts'
import { discover } from './discovery.ts'
import { FetchError } from './errors.ts'
import type { Fetcher } from './fetcher.ts'
import { readPayload } from './payload.ts'
import { createRunLog } from './run-log.ts'
import { createSession } from './session.ts'

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
    await (task.strategy === 'discovery' ? discover(session) : readDeep(session))
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
