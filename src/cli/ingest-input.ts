import { extname } from 'node:path'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { CommandError, EXIT } from './io.ts'
import type { Place } from './sender.ts'

/** One record of an input: a line, a row, an element. */
export interface InputRecord {
  /** From 1. Of a CSV row the line on which it ends. */
  number: number
  /** How far the input has been read, in bytes of the file. */
  end: number
  /** The record as text, as it is written to a file of rejected lines. */
  text: string
  /** What such a file begins with: the names of CSV's columns. */
  head?: string
  /** JSON of the record, or why there is none. */
  json: string | undefined
  problem?: string
}

export const FORMATS = ['ndjson', 'json', 'csv'] as const
export type Format = (typeof FORMATS)[number]
/** How a record of a format is called in messages. */
export const RECORD_NAMES: Record<Format, string> = { ndjson: 'line', json: 'element', csv: 'line' }
const FORMAT_NAMES: Record<Format, string> = { ndjson: 'lines of JSON', json: 'a JSON array', csv: 'CSV' }

/** What a file's name lets a reader expect; undefined for a name that says nothing. */
const EXPECTED: Record<string, Format[]> = {
  '.ndjson': ['ndjson'],
  '.jsonl': ['ndjson'],
  '.json': ['json', 'ndjson'],
  '.csv': ['csv'],
  '.tsv': ['csv'],
}

type Chunks = AsyncIterable<Uint8Array>
/** What is looked at to recognise a format. */
const HEAD_BYTES = 64 * 1024
const MAX_RECORD_BYTES = 4 * 1024 * 1024
const TOO_LONG = 'longer than 4 MiB'
const NEWLINE = 10

/** An input that is not what its name says: nothing of it is read. */
const unexpected = (message: string) => new CommandError(message, EXIT.rejected)

export interface Source {
  /** Shown in messages. */
  name: string
  /** Undefined for standard input. */
  path: string | undefined
  stdin(): Chunks
}

export interface OpenedInput {
  format: Format
  /** Whether reading may begin at any byte: a plain file of lines. */
  isSeekable: boolean
  records(from: Place): AsyncGenerator<InputRecord>
}

/** Reads on after a first look at a stream. */
const peek = async (chunks: Chunks): Promise<{ head: Uint8Array; all: Chunks }> => {
  const iterator = chunks[Symbol.asyncIterator]()
  const seen: Uint8Array[] = []
  let size = 0
  while (size < HEAD_BYTES) {
    const { value, done } = await iterator.next()
    if (done) break
    // A copy: streams use their buffers again.
    seen.push(value.slice())
    size += value.byteLength
  }
  const head = Buffer.concat(seen)
  async function* all() {
    if (head.byteLength > 0) yield head as Uint8Array
    for (;;) {
      const { value, done } = await iterator.next()
      if (done) return
      yield value
    }
  }
  return { head, all: all() }
}
const isGzip = (head: Uint8Array) => head[0] === 0x1f && head[1] === 0x8b
const isUtf16 = (head: Uint8Array) => (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)
const isZip = (head: Uint8Array) => head[0] === 0x50 && head[1] === 0x4b && head[2] === 0x03

/** The format by its content: the first character that is no blank decides. */
const recognise = (head: Uint8Array): Format => {
  const text = new TextDecoder('latin1').decode(head).replace(/^\u00ef\u00bb\u00bf/, '')
  const [first] = text.trimStart()
  if (first === '[') return 'json'
  return first === '{' || first === undefined || !/[,;\t|]/.test(text.split('\n', 1)[0] as string) ? 'ndjson' : 'csv'
}

const ungzip = (chunks: Chunks, name: string): Chunks => {
  const unpacked = Readable.from(chunks as AsyncIterable<Uint8Array>).pipe(createGunzip())
  return (async function* () {
    try {
      for await (const chunk of unpacked) yield chunk as Uint8Array
    } catch (error) {
      throw new CommandError(`${name} is damaged: ${error instanceof Error ? error.message : String(error)}`)
    }
  })()
}

/**
 * Opens a file or standard input and finds out what it is: lines of JSON, a JSON array, CSV, each also in gzip. A file whose name says
 * otherwise is refused unless the format is `given`.
 * @throws CommandError for what cannot be read, with exit code 1 for what is of another format than its name says
 */
export const openInput = async ({ name, path, stdin }: Source, given: Format | undefined): Promise<OpenedInput> => {
  const chunksFrom = (offset: number): Chunks =>
    path === undefined ? stdin() : (Bun.file(path).slice(offset).stream() as unknown as Chunks)
  const outer = await peek(chunksFrom(0))
  const packed = isGzip(outer.head)
  const base = name.replace(/\.gz$/i, '')
  if (packed && path !== undefined && base === name && given === undefined)
    throw unexpected(`${name} is gzip: name it .gz, or say what is in it with --format`)
  const inner = packed ? await peek(ungzip(outer.all, name)) : outer
  if (isUtf16(inner.head)) throw unexpected(`${name} is UTF-16: save it as UTF-8`)
  if (isZip(inner.head)) throw unexpected(`${name} is a ZIP archive or a workbook: unpack it, or save it as CSV`)
  const found = recognise(inner.head)
  const expected = path === undefined ? undefined : EXPECTED[extname(base).toLowerCase()]
  if (given === undefined && expected && !expected.includes(found) && !(found === 'ndjson' && inner.head.byteLength === 0))
    throw unexpected(
      `${name} is ${FORMAT_NAMES[found]}, not ${FORMAT_NAMES[expected[0] as Format]}: pass --format ${found} to read it`,
    )
  const format = given ?? found
  const isSeekable = path !== undefined && !packed && format === 'ndjson'

  async function* records(from: Place): AsyncGenerator<InputRecord> {
    if (isSeekable && from.offset > 0) {
      yield* readLines(chunksFrom(from.offset), from)
      return
    }
    const start = { offset: 0, line: 0 }
    const readers = {
      ndjson: () => readLines(inner.all, start),
      json: () => readArray(inner.all),
      csv: () => readCsv(inner.all, inner.head),
    }
    for await (const record of readers[format]()) if (record.number > from.line) yield record
  }
  return { format, isSeekable, records }
}

/**
 * Lines, from `place` on; memory holds one line and one chunk. Blank lines are counted and left out, a line beyond 4 MiB and one that is
 * no UTF-8 come with their problem.
 */
async function* readLines(chunks: Chunks, { offset, line }: Place): AsyncGenerator<InputRecord> {
  const strict = new TextDecoder('utf-8', { fatal: true })
  let parts: Uint8Array[] = []
  let kept = 0
  let number = line
  let at = offset
  const finish = (end: number): InputRecord | undefined => {
    number++
    const bytes = kept > MAX_RECORD_BYTES ? undefined : Buffer.concat(parts)
    parts = []
    kept = 0
    if (bytes === undefined) return { number, end, text: '', json: undefined, problem: TOO_LONG }
    try {
      const text = strict.decode(bytes)
      return text.trim() === '' ? undefined : { number, end, text: text.replace(/\r$/, ''), json: text }
    } catch {
      return { number, end, text: bytes.toString('latin1'), json: undefined, problem: 'not UTF-8' }
    }
  }
  const keep = (part: Uint8Array) => {
    kept += part.byteLength
    if (kept > MAX_RECORD_BYTES) parts = []
    else parts.push(part)
  }
  for await (const chunk of chunks) {
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

/** Text of a whole input. @throws CommandError that names the byte before which it was UTF-8 */
async function* textOf(chunks: Chunks): AsyncGenerator<{ text: string; end: number }> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let end = 0
  try {
    for await (const chunk of chunks) {
      end += chunk.byteLength
      yield { text: decoder.decode(chunk, { stream: true }), end }
    }
    yield { text: decoder.decode(), end }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new CommandError(`not UTF-8 before byte ${end}: save the file as UTF-8`, EXIT.rejected)
  }
}

/** A number that `JSON.stringify` writes with the same digits (ES2026; TypeScript's library does not know it yet). */
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON

/** Elements of a JSON array, one at a time. What is broken ends it: the elements before are good. */
async function* readArray(chunks: Chunks): AsyncGenerator<InputRecord> {
  const { TokenParser, Tokenizer } = await import('@streamparser/json')
  /** Keeps the digits of numbers that JavaScript cannot hold (`1e400` would be written as null): `itemOf` decides on them. */
  class ExactTokenizer extends Tokenizer {
    override parseNumber(digits: string): number {
      const isHeld = digits.length < 16 && Number.isFinite(Number(digits))
      return isHeld ? Number(digits) : (rawJson(digits) as number)
    }
  }
  const tokenizer = new ExactTokenizer()
  const parser = new TokenParser({ paths: ['$.*'], keepStack: false })
  tokenizer.onToken = (token) => parser.write(token)
  parser.onError = (error) => tokenizer.error(error)
  parser.onEnd = () => {
    if (!tokenizer.isEnded) tokenizer.end()
  }
  let found: InputRecord[] = []
  let end = 0
  let number = 0
  let problem: string | undefined
  parser.onValue = ({ value }) => {
    const text = JSON.stringify(value)
    found.push({ number: ++number, end, text, json: text })
  }
  tokenizer.onError = (error) => {
    problem ??= error.message
  }
  for await (const { text, end: at } of textOf(chunks)) {
    end = at
    if (text !== '') tokenizer.write(text)
    yield* found
    found = []
    if (problem !== undefined) break
  }
  if (problem === undefined && !parser.isEnded) problem = 'it ends in the middle'
  if (problem !== undefined)
    yield { number: number + 1, end, text: '', json: undefined, problem: `not JSON from here on (${problem})` }
}

/** The line before the names by which spreadsheets state the delimiter. */
const SEPARATOR_LINE = /^\uFEFF?"?sep=([,;\t|])"?\r?$/i
const DELIMITERS = [',', ';', '\t', '|']

/** The delimiter that a `sep=` line states, or the one that stands most often in the first line. */
const delimiterOf = (head: Uint8Array): { delimiter: string; isStated: boolean } => {
  const [line = ''] = new TextDecoder('utf-8', { ignoreBOM: true }).decode(head).split('\n', 1)
  const stated = SEPARATOR_LINE.exec(line)?.[1]
  if (stated !== undefined) return { delimiter: stated, isStated: true }
  const counted = DELIMITERS.map((mark) => ({ mark, count: line.split(mark).length }))
  return { delimiter: counted.reduce((best, one) => (one.count > best.count ? one : best)).mark, isStated: false }
}

/** Names of columns. @throws CommandError for a name that stands twice: one of its cells would be lost */
const columnNames = (found: string[]): string[] => {
  const names = found.map((name) => name.trim())
  const twice = names.find((name, n) => name !== '' && names.indexOf(name) < n)
  if (twice !== undefined)
    throw new CommandError(`column ${JSON.stringify(twice)} stands twice: rename one of them`, EXIT.rejected)
  return names
}

/** Rows of CSV by the names of its first row; empty cells are left out. A row with too many or too few cells comes with its problem. */
async function* readCsv(chunks: Chunks, head: Uint8Array): AsyncGenerator<InputRecord> {
  const { parse } = await import('csv-parse')
  const skipped: InputRecord[] = []
  let end = 0
  const { delimiter, isStated } = delimiterOf(head)
  let names: string | undefined
  const quoted = (name: string) => (/["\r\n]/.test(name) || name.includes(delimiter) ? `"${name.replaceAll('"', '""')}"` : name)
  const parser = parse({
    bom: true,
    columns: (found: string[]) => {
      names = found.map(quoted).join(delimiter)
      return columnNames(found)
    },
    delimiter,
    from_line: isStated ? 2 : 1,
    info: true,
    raw: true,
    max_record_size: MAX_RECORD_BYTES,
    relax_quotes: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    trim: true,
  })
  const asWritten = (raw: string | undefined) => ({ text: (raw ?? '').replace(/^[\r\n]+|\r?\n?$/g, ''), head: names })
  parser.on('skip', (error, raw?: string) => {
    if (error) skipped.push({ number: error.lines ?? 0, end, ...asWritten(raw), json: undefined, problem: error.message })
  })
  const texts = async function* () {
    for await (const { text, end: at } of textOf(chunks)) {
      end = at
      if (text !== '') yield text
    }
  }
  const input = Readable.from(texts())
  input.on('error', (error) => parser.destroy(error))
  input.pipe(parser)
  const rows = parser as AsyncIterable<{ record: Record<string, string>; raw: string; info: { lines: number } }>
  for await (const { record, raw, info } of rows) {
    // The parser reads ahead: rows come in the order of the file, since a run goes on behind the last one.
    while (skipped[0] && skipped[0].number < info.lines) yield skipped.shift() as InputRecord
    const filled = Object.fromEntries(Object.entries(record).filter(([name, cell]) => name !== '' && cell !== ''))
    yield { number: info.lines, end, ...asWritten(raw), json: JSON.stringify(filled) }
  }
  yield* skipped
}
