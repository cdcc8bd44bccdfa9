import type { Clock } from '../../platform/clock.ts'
import { redactText } from '../../platform/log.ts'

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
