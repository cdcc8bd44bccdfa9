import { appendFileSync, existsSync, realpathSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { DEVELOPMENT_TOKENS } from '../config.ts'
import { FORMATS, type Format, type OpenedInput, openInput, RECORD_NAMES } from './ingest-input.ts'
import { type ItemTerms, itemOf, readMap } from './ingest-item.ts'
import { CommandError, DEFAULT_SERVER, EXIT, type Io, serverOrigin, tokenFor, UsageError, wholeNumber } from './io.ts'
import {
  type Answer,
  type Counts,
  createMeter,
  createSender,
  MAX_REASONS,
  naming,
  type Place,
  type Progress,
  readProgress,
  removeProgress,
  resumePath,
  writeProgress,
} from './sender.ts'

export const help = `Usage: trawl ingest FILE --site KEY [options]

Sends a file of scraped products to POST /internal/ingest-batch of a server: lines of JSON objects, a JSON array, or CSV with a first row of
names, each also in gzip (.gz); - reads standard input. The file may be of any size. An interrupted run goes on where it stopped when it
is started again; nothing is stored twice.

  --site KEY        site_key of every product, also of those that name another
  --server ORIGIN   default ${DEFAULT_SERVER}
  --token TOKEN     default INTERNAL_API_TOKEN; a server on this machine gets the development one
  --batch N         products per request, 1..5000, default 500
  --map FROM=TO     FROM of the file is the field TO of a product, or raw_data.KEY; may be repeated: --map name=title --map url=product_url
  --currency CODE   currency of products that name none, such as EUR
  --format FORMAT   ndjson, json or csv, for a file whose name says otherwise
  --rejected FILE   where to write the records that were not stored, as they stand
  --source ID       source the products belong to, default none
  --resume FILE     where to keep the progress, default .trawl-resume-<hash>.json in this directory; removed at the end
  --retries N       repeats of a request that is not answered, default 8 (half a minute)

Exit: 0 everything stored, 1 some lines rejected (the others are stored), 2 wrong usage, 3 given up; start again to go on.
`

/** Ends a batch before its number of lines does, well below the server's limit of 32 MiB. */
const MAX_BATCH_BYTES = 16 * 1024 * 1024
const MAX_ELEMENTS = 5000

/** A record that is not stored, and why. */
interface Rejected {
  reason: string
  text: string
  /** What a file with it begins with. */
  head: string | undefined
}
/** Records that go out together. `records[i]` is the one of `items[i]`. */
interface Batch {
  items: string[]
  records: { at: string; text: string; head: string | undefined }[]
  /** Records that cannot be sent. */
  unusable: Rejected[]
  /** What was changed in records that are sent. */
  remarks: string[]
  lines: number
  end: Place
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
      map: { type: 'string', multiple: true, default: [] },
      currency: { type: 'string' },
      format: { type: 'string' },
      rejected: { type: 'string' },
      resume: { type: 'string' },
      retries: { type: 'string', default: '8' },
    },
  })
  const [file] = positionals
  if (file === undefined || positionals.length > 1) throw new UsageError('one FILE is required, or - for standard input')
  const site = values.site
  if (site === undefined || !/^[^\s:]{1,100}$/u.test(site))
    throw new UsageError('--site is required: 1 to 100 characters without whitespace and ":"')
  const origin = serverOrigin(values.server)
  const map = readMap(values.map)
  const currency = values.currency?.toUpperCase()
  if (currency !== undefined && !/^[A-Z]{3}$/.test(currency)) throw new UsageError('--currency must be a code of three letters')
  const format = formatOf(values.format)
  const filePath = file === '-' ? undefined : resolve(io.cwd, file)
  const terms = JSON.stringify([format, currency, ...map])
  const work = {
    ...(terms === '[null,null]' ? {} : { terms }),
    file: filePath === undefined ? { size: 0, modifiedMs: 0 } : describeFile(filePath),
    batch: wholeNumber('batch', values.batch, 1, MAX_ELEMENTS),
    source: wholeNumber('source', values.source, 0, Number.MAX_SAFE_INTEGER),
  }
  const retries = wholeNumber('retries', values.retries, 0, 100)
  const token = tokenFor(origin, values.token ?? io.token, DEVELOPMENT_TOKENS.INTERNAL_API_TOKEN)
  const rejectedPath = values.rejected === undefined ? undefined : resolve(io.cwd, values.rejected)
  const resumeGiven = values.resume === undefined ? undefined : resolve(io.cwd, values.resume)
  refuseSame({ FILE: filePath, '--rejected': rejectedPath, '--resume': resumeGiven })
  const input = await openInput({ name: file === '-' ? 'standard input' : file, path: filePath, stdin: io.stdin }, format)
  // Standard input cannot be read again from a place.
  const resumable = resumeGiven ?? resumePath(io.cwd, file, site, origin)
  const path = filePath === undefined ? undefined : resumable

  const stored = path === undefined ? undefined : await readProgress(path, work)
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
  const keep = () => path !== undefined && writeProgress(path, progress)
  // Written before the first batch goes out: the run id has to outlive a crash that the server's answer did not.
  keep()

  const rejectedFile = openRejected(rejectedPath, progress.rejectedBytes ?? 0)
  const batches = readBatches(input, progress.place, { site, map, currency }, work.batch)
  let next = batches.next()
  try {
    for (;;) {
      const { value: batch, done } = await next
      if (done) break
      // Read on while the server works.
      next = batches.next()
      next.catch(() => {}) // the await above handles it
      let refused: Rejected[] = []
      if (batch.items.length > 0) {
        const body = `{"source_id":${work.source},"items":[${batch.items.join(',')}]}`
        refused = count(counts, batch, await send(body, `${progress.runId}:${progress.batches + 1}`))
      }
      const rejected = [...refused, ...batch.unusable]
      counts.rejected += rejected.length
      counts.reasons.push(...rejected.slice(0, MAX_REASONS - counts.reasons.length).map(({ reason }) => reason))
      for (const reason of batch.remarks) remark(counts, reason)
      const rejectedBytes = rejectedFile?.add(rejected)
      if (rejectedBytes !== undefined) progress.rejectedBytes = rejectedBytes
      counts.lines += batch.lines
      progress.batches++
      progress.place = batch.end
      keep()
      meter.show(batch.end.offset, counts.lines)
    }
  } catch (error) {
    meter.clear()
    if (error instanceof CommandError && path !== undefined)
      error.message += `\n${progress.place.line} lines are done; start again to go on`
    throw error
  }
  if (path !== undefined) removeProgress(path)
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

/** What is written must not be what is read. @throws UsageError */
const refuseSame = (files: Record<string, string | undefined>) => {
  const seen = new Map<string, string>()
  for (const [name, path] of Object.entries(files)) {
    if (path === undefined) continue
    const real = existsSync(path) ? realpathSync(path) : path
    const other = seen.get(real)
    if (other) throw new UsageError(`${other} and ${name} are the same file, ${path}`)
    seen.set(real, name)
  }
}

const formatOf = (text: string | undefined): Format | undefined => {
  if (text === undefined) return undefined
  const format = FORMATS.find((one) => one === text)
  if (!format) throw new UsageError(`--format must be one of ${FORMATS.join(', ')}`)
  return format
}

const describeFile = (path: string) => {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found?.isFile()) throw new UsageError(`${path} is not a file`)
  return { size: found.size, modifiedMs: found.mtimeMs }
}

async function* readBatches(input: OpenedInput, from: Place, terms: ItemTerms, size: number): AsyncGenerator<Batch> {
  const empty = (): Batch => ({ items: [], records: [], unusable: [], remarks: [], lines: 0, end: from })
  const name = RECORD_NAMES[input.format]
  let batch = empty()
  let bytes = 0
  for await (const record of input.records(from)) {
    const item = record.json === undefined ? (record.problem ?? 'unreadable') : itemOf(record.json, terms)
    const at = `${name} ${record.number}`
    if (typeof item === 'string') batch.unusable.push({ reason: `${at}: ${item}`, text: record.text, head: record.head })
    else {
      batch.items.push(item.json)
      batch.records.push({ at, text: record.text, head: record.head })
      batch.remarks.push(...item.remarks.map((reason) => `${at}: ${reason}`))
      bytes += Buffer.byteLength(item.json)
    }
    batch.lines++
    batch.end = { offset: record.end, line: record.number }
    if (batch.lines >= size || bytes >= MAX_BATCH_BYTES) {
      yield batch
      batch = empty()
      bytes = 0
    }
  }
  if (batch.lines > 0) yield batch
}

const remark = (counts: Counts, reason: string) => {
  counts.remarks ??= { count: 0, reasons: [] }
  counts.remarks.count++
  if (counts.remarks.reasons.length < MAX_REASONS) counts.remarks.reasons.push(reason)
}

/** Adds an answer up; answers the records that were not stored. @throws CommandError for an answer that refuses the request, not its elements */
const count = (counts: Counts, batch: Batch, { status, body }: Answer): Rejected[] => {
  const rejected = (index: number, problems: string[]): Rejected => {
    const { at, text, head } = batch.records[index] as Batch['records'][number]
    return { reason: `${at}: ${problems.length > 0 ? problems.join('; ') : 'refused'}`, text, head }
  }
  if (status === 200 && body?.status === 'ok') {
    counts.inserted += body.items_ingested
    counts.updated += body.items_updated
    counts.unchanged += body.items_unchanged
    counts.duplicate += body.items_duplicate
    for (const { index, field, message } of body.remarks ?? [])
      remark(counts, `${batch.records[index]?.at}: ${field}: ${message}`)
    return body.rejected.map(({ index, errors }: any) =>
      rejected(
        index,
        errors.map((problem: any) => `${problem.field}: ${problem.message}`),
      ),
    )
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
    return batch.records.map((_, index) =>
      rejected(index, problems.get(index)?.map(({ loc, msg }) => `${loc.slice(3).join('.')}: ${msg}`) ?? []),
    )
  }
  const code = body?.error?.code
  throw new CommandError(`the server answered ${status}${code ? ` ${code}: ${body.error.message}` : ''}`)
}

/**
 * The file of rejected records, which a repaired file is made of: each as it stood, behind those of the batches before; rows of CSV below
 * the names of their columns.
 */
const openRejected = (path: string | undefined, bytes: number) => {
  if (path === undefined) return undefined
  naming(path, () => {
    // What a crash has left behind the last batch comes again.
    if (bytes > 0 && existsSync(path)) truncateSync(path, bytes)
    else writeFileSync(path, '', { mode: 0o600 })
  })
  let size = bytes
  return {
    add(rejected: readonly Rejected[]): number {
      const head = size === 0 ? rejected[0]?.head : undefined
      const text = (head === undefined ? '' : `${head}\n`) + rejected.map((one) => `${one.text}\n`).join('')
      if (text !== '') naming(path, () => appendFileSync(path, text))
      size += Buffer.byteLength(text)
      return size
    },
  }
}
