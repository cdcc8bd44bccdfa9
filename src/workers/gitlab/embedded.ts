import type { Log } from '../../platform/log.ts'
import { threadEntry } from '../thread-entry.ts'
import type { GitlabWorker, Settings } from './index.ts'
import { type Ending, WorkerUnusable } from './index.ts'
import type { FromThread, ToThread } from './thread.ts'

export interface EmbeddedOptions {
  settings: Settings
  token: string
  /** `host:port` of configured GitLab instances: they may be private, and their words may be shown. */
  outboundAllow: readonly string[]
  /** The app's own `handle`. */
  fetch(request: Request): Promise<Response> | Response
  log: Log
  /** How long a stop may take. */
  stopSeconds: number
}

/** What a stop waits beyond the time that its worker has, in ms: then the thread is ended as it is. */
const GRACE_MS = 500

/**
 * The GitLab worker in a thread of this process (gitlab-worker §1, architecture §9). It calls the API as any worker does; its requests
 * cross to this thread and are answered without a network in between.
 * @throws WorkerUnusable when the output directory cannot be written, or the thread cannot be started
 */
export const startEmbeddedGitlabWorker = async (options: EmbeddedOptions): Promise<GitlabWorker> => {
  const { settings, token, outboundAllow, log, stopSeconds } = options
  const worker = new Worker(threadEntry('gitlab/thread'))
  const send = (message: ToThread) => worker.postMessage(message)
  const started = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<Ending>()
  const calls = new Map<number, AbortController>()
  let isOver = false
  const over = (ending: Ending) => {
    if (isOver) return
    isOver = true
    for (const call of calls.values()) call.abort()
    worker.terminate()
    ended.resolve(ending)
  }

  const call = async ({ id, url, headers, body }: FromThread & { type: 'call' }) => {
    const abort = new AbortController()
    calls.set(id, abort)
    try {
      const response = await options.fetch(new Request(url, { method: 'POST', headers, body, signal: abort.signal }))
      const text = await response.text()
      if (!isOver) send({ type: 'answer', id, status: response.status, headers: [...response.headers], body: text })
    } catch (error) {
      log.debug('a call of the GitLab worker was given up', { error })
      if (!isOver) send({ type: 'failed', id })
    } finally {
      calls.delete(id)
    }
  }
  worker.onmessage = ({ data }: { data: FromThread }) => {
    if (data.type === 'call') void call(data)
    else if (data.type === 'abort') calls.get(data.id)?.abort()
    else if (data.type === 'log') log[data.level](data.message, data.fields)
    else if (data.type === 'started') started.resolve()
    else if (data.type === 'unusable') started.reject(new WorkerUnusable(data.message))
    else {
      const { reason, message } = data.ending
      if (reason !== 'stopped') log.error('the embedded GitLab worker has ended', { reason: message })
      over(data.ending)
    }
  }
  const died = (why: string) => {
    started.reject(new WorkerUnusable(`the thread of the GitLab worker ended: ${why}`))
    if (!isOver) log.error('the thread of the GitLab worker ended; its tasks wait for the end of their leases', { reason: why })
    over({ reason: 'stopped', message: why })
  }
  worker.onerror = (event) => {
    event.preventDefault()
    died(event.message)
  }
  worker.addEventListener('close', () => died('it closed'))
  send({ type: 'start', settings, token, outboundAllow, stopSeconds })
  try {
    await started.promise
  } catch (error) {
    over({ reason: 'stopped', message: 'not started' })
    throw error
  }
  return {
    async stop() {
      if (!isOver) send({ type: 'stop' })
      const late = setTimeout(() => died('it did not stop in time'), stopSeconds * 1000 + GRACE_MS)
      await ended.promise
      clearTimeout(late)
    },
    ended: ended.promise,
  }
}
