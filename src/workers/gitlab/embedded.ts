import { backoffMs, type Clock } from '../../platform/clock.ts'
import type { Log } from '../../platform/log.ts'
import { messageOf } from '../runtime.ts'
import { threadEntry } from '../thread-entry.ts'
import { type Ending, type GitlabWorker, type Settings, WorkerUnusable } from './index.ts'
import type { FromThread, ToThread } from './thread.ts'

export interface EmbeddedOptions {
  settings: Settings
  token: string
  /** `host:port` of configured GitLab instances: they may be private, and their words may be shown. */
  outboundAllow: readonly string[]
  /** The app's own `handle`. */
  fetch(request: Request): Promise<Response> | Response
  log: Log
  clock: Clock
  /** How long a stop may take. */
  stopSeconds: number
  /** The thread's code. */
  entry?: string
}

/** What a stop waits beyond the time that its worker has, in ms: then the thread is ended as it is. */
const GRACE_MS = 500

/** The longest wait before a thread that has died is started again, in ms. */
const MOST_RESTART_MS = 60_000

/** Why a thread has ended: `died` when nobody asked it to. */
type ThreadEnding = Ending | { reason: 'died'; message: string }
interface Thread {
  stop(): Promise<void>
  ended: Promise<ThreadEnding>
}

/**
 * The GitLab worker in a thread of this process (gitlab-worker §1, architecture §9). It calls the API as any worker does; its requests
 * cross to this thread and are answered without a network in between. A thread that dies is started again; the task that it had waits for
 * the end of its lease.
 * @throws WorkerUnusable when the output directory cannot be written, or the thread cannot be started
 */
export const startEmbeddedGitlabWorker = async (options: EmbeddedOptions): Promise<GitlabWorker> => {
  const { clock, log } = options
  const stopping = new AbortController()
  let thread = await startThread(options)
  const watch = async (): Promise<Ending> => {
    for (let deaths = 1; ; deaths++) {
      const { reason, message } = await thread.ended
      if (reason !== 'died') return { reason, message }
      if (!stopping.signal.aborted) await clock.sleep(backoffMs(deaths, MOST_RESTART_MS), stopping.signal)
      if (stopping.signal.aborted) return { reason: 'stopped', message }
      try {
        thread = await startThread(options)
        if (stopping.signal.aborted) await thread.stop()
      } catch (error) {
        log.error('the thread of the GitLab worker did not start again', { error: messageOf(error) })
      }
    }
  }
  const ended = watch()
  return {
    async stop() {
      stopping.abort()
      await thread.stop()
      await ended
    },
    ended,
  }
}

const startThread = async (options: EmbeddedOptions): Promise<Thread> => {
  const { settings, token, outboundAllow, log, stopSeconds } = options
  const worker = new Worker(options.entry ?? threadEntry('gitlab/thread'))
  const send = (message: ToThread) => worker.postMessage(message)
  const started = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<ThreadEnding>()
  const calls = new Map<number, AbortController>()
  let isOver = false
  const over = (ending: ThreadEnding) => {
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
    over({ reason: 'died', message: why })
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
