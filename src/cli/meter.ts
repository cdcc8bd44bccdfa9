import type { Io } from './io.ts'

const BAR_WIDTH = 24
const BAR_EVERY_MS = 100
const LINE_EVERY_MS = 5000

const clockText = (ms: number) => {
  const seconds = Math.ceil(ms / 1000)
  const minutes = Math.floor(seconds / 60)
  const text = (n: number) => String(n).padStart(2, '0')
  return minutes < 60
    ? `${minutes}:${text(seconds % 60)}`
    : `${Math.floor(minutes / 60)}:${text(minutes % 60)}:${text(seconds % 60)}`
}

/** Shows how far a file has been sent: a bar with rate and time left on a terminal, a line every few seconds elsewhere. */
export const createMeter = (io: Io, totalBytes: number, from: { bytes: number; lines: number }) => {
  const startedAt = io.clock.now()
  let shownAt = startedAt
  let drawn = false
  const clear = () => {
    if (drawn) io.err('\r\x1b[K')
    drawn = false
  }
  return {
    show(bytes: number, lines: number) {
      const now = io.clock.now()
      if (now - shownAt < (io.isTty ? BAR_EVERY_MS : LINE_EVERY_MS)) return
      shownAt = now
      const share = totalBytes === 0 ? 1 : bytes / totalBytes
      const passed = Math.max(1, now - startedAt)
      const rate = Math.round(((lines - from.lines) / passed) * 1000)
      const left = bytes > from.bytes ? clockText(((totalBytes - bytes) * passed) / (bytes - from.bytes)) : '?'
      const told = `${Math.floor(share * 100)}%  ${lines} lines  ${rate}/s  ${left} left`
      if (!io.isTty) return io.err(`${told}\n`)
      const filled = Math.round(share * BAR_WIDTH)
      io.err(`\r\x1b[K[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}] ${told}`)
      drawn = true
    },
    /** A line of its own, above the bar. */
    say(text: string) {
      clear()
      io.err(`${text}\n`)
    },
    clear,
    seconds: () => (io.clock.now() - startedAt) / 1000,
  }
}
