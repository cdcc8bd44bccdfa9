/**
 * The one way to the terminal: lines of the log, and below them one line that is written anew. In a pipe there is no such line, so each of its
 * texts is a line of its own.
 */
export interface Terminal {
  /** Whether a person reads along. */
  isInteractive: boolean
  /** Writes text that ends with a newline, above the live line. */
  write(text: string): void
  /** Shows a text as the live line until the next one; without one there is none. */
  live(text?: string): void
}

const CLEAR_LINE = '\r\x1b[2K'

export const createTerminal = ({
  write = (text: string) => void process.stdout.write(text),
  isInteractive = process.stdout.isTTY === true,
  /** Characters of a line: a longer live line would wrap, and only its last row be cleared. */
  columns = () => process.stdout.columns ?? 80,
} = {}): Terminal => {
  let shown = ''
  return {
    isInteractive,
    write: (text) => write(shown === '' ? text : `${CLEAR_LINE}${text}${shown}`),
    live(text) {
      if (isInteractive) {
        shown = (text ?? '').slice(0, columns() - 1)
        write(`${CLEAR_LINE}${shown}`)
      } else if (text !== undefined) write(`${text}\n`)
    },
  }
}
