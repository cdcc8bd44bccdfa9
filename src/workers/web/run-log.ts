import type { Clock } from '../../platform/clock.ts'
import { redactText } from '../../platform/log.ts'
import { PortRefused, type RunLogLine } from '../port.ts'

const MAX_CHARS = 100_000 // what the server keeps of a run's logs (gifty §2.2, report-logs)
const MAX_LINE = 1000
/** Lines of one call, and how long a line may wait for others, in ms. */
const CALL_LINES = 200
const WAIT_MS = 1000
/** Lines that may wait while the server is away; then the oldest go. */
const MAX_WAITING = 10_000

/** A run's readable story, at most 100,000 characters: the beginning and the end stay, the middle goes. Its lines are sent as they come. */
export interface RunLog {
  add(line: string, level?: RunLogLine['level']): void
  text(): string
  /** Sends what waits. Never rejects: lines that are not taken stay in `text`. */
  flush(): Promise<void>
  /** Whether the server has lines of it already, so that those of `text` would come twice. */
  isAppended(): boolean
}

/** `append` sends lines to the server; without it they are kept for `text` alone. */
export const createRunLog = (clock: Clock, append?: (lines: RunLogLine[]) => Promise<void>): RunLog => {
  const head: string[] = []
  const tail: string[] = []
  let headChars = 0
  let tailChars = 0
  let dropped = 0
  const waiting: RunLogLine[] = []
  let left = 0
  let isAppended = false
  let isRefused = append === undefined
  let timer: AbortController | undefined
  let sending: Promise<void> = Promise.resolve()

  const send = async (): Promise<void> => {
    timer?.abort()
    timer = undefined
    // bounded: by the lines that wait
    while (append && !isRefused && waiting.length > 0) {
      const lines = waiting.splice(0, CALL_LINES)
      const [first] = lines as [RunLogLine]
      const message = `${left} lines were left out, the server was away`
      try {
        await append(left > 0 ? [{ ...first, level: 'warn', message }, ...lines] : lines)
      } catch (error) {
        // A server of the release before has no such route.
        if (error instanceof PortRefused) isRefused = true
        waiting.unshift(...lines)
        return
      }
      isAppended = true
      left = 0
    }
  }
  const flush = () => (sending = sending.then(send))
  const wait = async () => {
    timer = new AbortController()
    const { signal } = timer
    await clock.sleep(WAIT_MS, signal)
    if (!signal.aborted) await flush()
  }
  const keep = (stamped: string) => {
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
  }
  return {
    add(line, level = 'info') {
      const at = new Date(clock.now()).toISOString()
      const message = redactText(line).slice(0, MAX_LINE)
      keep(`${at} ${message}`)
      if (isRefused) return
      waiting.push({ at, level, message })
      if (waiting.length > MAX_WAITING) {
        waiting.shift()
        left++
      }
      if (waiting.length === CALL_LINES) void flush()
      else if (!timer) void wait()
    },
    text: () => [...head, ...(dropped > 0 ? [`... ${dropped} lines left out ...`] : []), ...tail].join('\n'),
    flush,
    isAppended: () => isAppended,
  }
}
