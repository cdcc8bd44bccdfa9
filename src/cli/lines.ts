/** A line of a file: its text, its number from 1, and where it ends, in bytes from the start of the file. */
export interface Line {
  /** Undefined for a line that is too long to be taken. */
  text: string | undefined
  number: number
  end: number
}

/** Where to go on reading: bytes and lines already behind. */
export interface Place {
  offset: number
  line: number
}

export const MAX_LINE_BYTES = 4 * 1024 * 1024
const NEWLINE = 10

/**
 * Lines of a file of any size, from `place` on; memory holds one line and one chunk. Blank lines are counted and left out, a line
 * beyond 4 MiB comes without its text.
 */
export async function* readLines(path: string, { offset, line }: Place): AsyncGenerator<Line> {
  const decoder = new TextDecoder()
  let parts: Uint8Array[] = []
  let kept = 0
  let number = line
  let at = offset
  const finish = (end: number): Line | undefined => {
    number++
    const text = kept > MAX_LINE_BYTES ? undefined : decoder.decode(parts.length === 1 ? parts[0] : Buffer.concat(parts))
    parts = []
    kept = 0
    return text?.trim() === '' ? undefined : { text, number, end }
  }
  const keep = (part: Uint8Array) => {
    kept += part.byteLength
    if (kept > MAX_LINE_BYTES) parts = []
    else parts.push(part)
  }
  for await (const chunk of Bun.file(path).slice(offset).stream()) {
    let from = 0
    for (;;) {
      const newline = chunk.indexOf(NEWLINE, from)
      if (newline < 0) break
      keep(chunk.subarray(from, newline))
      from = newline + 1
      const found = finish(at + from)
      if (found) yield found
    }
    // A copy: the rest of the chunk would otherwise be held as long as this line.
    if (from < chunk.byteLength) keep(chunk.slice(from))
    at += chunk.byteLength
  }
  if (kept > 0) {
    const last = finish(at)
    if (last) yield last
  }
}
