import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { DEVELOPMENT_TOKENS } from '../config.ts'
import { CommandError, DEFAULT_SERVER, EXIT, type Io, serverOrigin, tokenFor, UsageError, wholeNumber } from './io.ts'
import {
  type Answer,
  type Counts,
  createMeter,
  createSender,
  MAX_REASONS,
  type Progress,
  readLines,
  readProgress,
  removeProgress,
  resumePath,
  writeProgress,
} from './sender.ts'

export const help = `Usage: trawl ingest FILE.ndjson --site KEY [options]

Sends a file of scraped products, one JSON object a line, to POST /internal/ingest-batch of a server. The file may be of any size.
An interrupted run goes on where it stopped when it is started again; nothing is stored twice.

  --site KEY        site_key of every product, also of those that name another
  --server ORIGIN   default ${DEFAULT_SERVER}
  --token TOKEN     default INTERNAL_API_TOKEN; a server on this machine gets the development one
  --batch N         products per request, 1..5000, default 500
  --source ID       source the products belong to, default none
  --resume FILE     where to keep the progress, default .trawl-resume-<hash>.json in this directory; removed at the end
  --retries N       repeats of a request that is not answered, default 8 (half a minute)

Exit: 0 everything stored, 1 some lines rejected (the others are stored), 2 wrong usage, 3 given up; start again to go on.
`

/** Ends a batch before its number of lines does, well below the server's limit of 32 MiB. */
const MAX_BATCH_BYTES = 16 * 1024 * 1024
const MAX_ELEMENTS = 5000

/** Lines that go out together. `numbers[i]` is the line of `items[i]`. */
interface Batch {
  items: string[]
  numbers: number[]
  /** Lines that cannot be sent. */
  unusable: string[]
  lines: number
  end: { offset: number; line: number }
}

/** `trawl ingest` */
export const run = async (args: string[], io: Io): Promise<number> => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      site: { type: 'string' },
      server: { type: 'string', default: DEFAULT_SERVER },
      token: { type: 'string' },
      batch: { type: 'string', default: '500' },
      source: { type: 'string', default: '0' },
      resume: { type: 'string' },
      retries: { type: 'string', default: '8' },
    },
  })
  const [file] = positionals
  if (file === undefined || positionals.length > 1) throw new UsageError('one FILE is required')
  const site = values.site
  if (site === undefined || !/^[^\s:]{1,100}$/u.test(site))
    throw new UsageError('--site is required: 1 to 100 characters without whitespace and ":"')
  const origin = serverOrigin(values.server)
  const work = {
    file: describeFile(resolve(io.cwd, file)),
    batch: wholeNumber('batch', values.batch, 1, MAX_ELEMENTS),
    source: wholeNumber('source', values.source, 0, Number.MAX_SAFE_INTEGER),
  }
  const retries = wholeNumber('retries', values.retries, 0, 100)
  const token = tokenFor(origin, values.token ?? io.token, DEVELOPMENT_TOKENS.INTERNAL_API_TOKEN)
  const path = values.resume === undefined ? resumePath(io.cwd, file, site, origin) : resolve(io.cwd, values.resume)

  const stored = await readProgress(path, work)
  const progress: Progress = stored ?? {
    runId: crypto.randomUUID(),
    batches: 0,
    place: { offset: 0, line: 0 },
    counts: { lines: 0, inserted: 0, updated: 0, unchanged: 0, duplicate: 0, rejected: 0, reasons: [] },
    ...work,
  }
  const { counts } = progress
  const meter = createMeter(io, work.file.size, { bytes: progress.place.offset, lines: counts.lines })
  const linesBefore = counts.lines
  if (stored) meter.say(`going on after line ${progress.place.line}, batch ${progress.batches}`)
  const send = createSender({
    origin,
    token,
    clock: io.clock,
    retries,
    onRetry: (problem, waitMs) => meter.say(`${problem}; trying again in ${waitMs / 1000} s`),
  })
  // Written before the first batch goes out: the run id has to outlive a crash that the server's answer did not.
  writeProgress(path, progress)

  const batches = readBatches(resolve(io.cwd, file), progress.place, site, work.batch)
  let next = batches.next()
  try {
    for (;;) {
      const { value: batch, done } = await next
      if (done) break
      // Read on while the server works.
      next = batches.next()
      next.catch(() => {}) // the await above handles it
      if (batch.items.length > 0) {
        const body = `{"source_id":${work.source},"items":[${batch.items.join(',')}]}`
        count(counts, batch, await send(body, `${progress.runId}:${progress.batches + 1}`))
      }
      for (const reason of batch.unusable) reject(counts, reason)
      counts.lines += batch.lines
      progress.batches++
      progress.place = batch.end
      writeProgress(path, progress)
      meter.show(batch.end.offset, counts.lines)
    }
  } catch (error) {
    meter.clear()
    if (error instanceof CommandError) error.message += `\n${progress.place.line} lines are done; start again to go on`
    throw error
  }
  removeProgress(path)
  meter.clear()
  const seconds = meter.seconds()
  const rate = Math.round((counts.lines - linesBefore) / Math.max(seconds, 0.001))
  io.out(
    `${counts.lines} lines: ${counts.inserted} new, ${counts.updated} updated, ${counts.unchanged} unchanged, ${counts.duplicate} duplicate, ` +
      `${counts.rejected} rejected (${seconds.toFixed(1)} s, ${rate}/s)\n`,
  )
  for (const reason of counts.reasons) io.out(`  ${reason}\n`)
  if (counts.rejected > counts.reasons.length) io.out(`  and ${counts.rejected - counts.reasons.length} more\n`)
  const { remarks } = counts
  if (remarks) io.out(`${remarks.count} lines stored in part\n${remarks.reasons.map((reason) => `  ${reason}\n`).join('')}`)
  if (remarks && remarks.count > remarks.reasons.length) io.out(`  and ${remarks.count - remarks.reasons.length} more\n`)
  return counts.rejected > 0 ? EXIT.rejected : EXIT.ok
}

const describeFile = (path: string) => {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found?.isFile()) throw new UsageError(`${path} is not a file`)
  return { size: found.size, modifiedMs: found.mtimeMs }
}

async function* readBatches(path: string, from: Progress['place'], site: string, size: number): AsyncGenerator<Batch> {
  const empty = (): Batch => ({ items: [], numbers: [], unusable: [], lines: 0, end: from })
  let batch = empty()
  let bytes = 0
  for await (const line of readLines(path, from)) {
    const item = line.text === undefined ? 'longer than 4 MiB' : withSite(line.text, site)
    if (typeof item === 'string') batch.unusable.push(`line ${line.number}: ${item}`)
    else {
      batch.items.push(item.json)
      batch.numbers.push(line.number)
      bytes += Buffer.byteLength(item.json)
    }
    batch.lines++
    batch.end = { offset: line.end, line: line.number }
    if (batch.lines >= size || bytes >= MAX_BATCH_BYTES) {
      yield batch
      batch = empty()
      bytes = 0
    }
  }
  if (batch.lines > 0) yield batch
}

/** The line as it is sent, or its problem. */
const withSite = (text: string, site: string): { json: string } | string => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'not JSON'
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not a JSON object'
  const place = tooLarge(value)
  if (place !== undefined) return `${place}: a number too large to be held`
  return { json: JSON.stringify({ ...value, site_key: site }) }
}

/** Where a value has a number that became infinite when it was read (`1e400`): written again it would be null, and clear a stored price. */
const tooLarge = (value: unknown): string | undefined => {
  const open: [path: string, value: unknown][] = [['', value]]
  for (let entry = open.pop(); entry; entry = open.pop()) {
    const [path, held] = entry
    if (typeof held === 'number' && !Number.isFinite(held)) return path
    if (held && typeof held === 'object')
      for (const [key, below] of Object.entries(held)) open.push([path ? `${path}.${key}` : key, below])
  }
  return undefined
}

const remark = (counts: Counts, reason: string) => {
  counts.remarks ??= { count: 0, reasons: [] }
  counts.remarks.count++
  if (counts.remarks.reasons.length < MAX_REASONS) counts.remarks.reasons.push(reason)
}

const reject = (counts: Counts, reason: string) => {
  counts.rejected++
  if (counts.reasons.length < MAX_REASONS) counts.reasons.push(reason)
}

/** Adds an answer up. @throws CommandError for an answer that refuses the request, not its elements */
const count = (counts: Counts, batch: Batch, { status, body }: Answer) => {
  if (status === 200 && body?.status === 'ok') {
    counts.inserted += body.items_ingested
    counts.updated += body.items_updated
    counts.unchanged += body.items_unchanged
    counts.duplicate += body.items_duplicate
    for (const { index, errors } of body.rejected)
      reject(
        counts,
        `line ${batch.numbers[index]}: ${errors.map((problem: any) => `${problem.field}: ${problem.message}`).join('; ')}`,
      )
    for (const { index, field, message } of body.remarks ?? [])
      remark(counts, `line ${batch.numbers[index]}: ${field}: ${message}`)
    return
  }
  // 422 with problems of the elements: none of them was good, and nothing was stored.
  const details: { loc: unknown[]; msg: string }[] = body?.error?.fields?.details ?? []
  if (
    status === 422 &&
    body?.error?.code === 'validation_error' &&
    details.length > 0 &&
    details.every(({ loc }) => loc[1] === 'items' && loc.length > 2)
  ) {
    const problems = Map.groupBy(details, ({ loc }) => loc[2])
    for (const [index, line] of batch.numbers.entries()) {
      const of = problems.get(index)?.map(({ loc, msg }) => `${loc.slice(3).join('.')}: ${msg}`)
      reject(counts, `line ${line}: ${of?.join('; ') ?? 'refused'}`)
    }
    return
  }
  const code = body?.error?.code
  throw new CommandError(`the server answered ${status}${code ? ` ${code}: ${body.error.message}` : ''}`)
}
