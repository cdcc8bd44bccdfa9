import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Clock, retryAfterMs } from '../platform/clock.ts'
import { CommandError, type Io } from './io.ts'

const FIRST_WAIT_MS = 250
const MAX_WAIT_MS = 10_000
/** A server that names its time is given it, up to this. */
const MAX_RETRY_AFTER_MS = 300_000
const TIMEOUT_MS = 120_000

export interface SenderOptions {
  origin: string
  token: string
  clock: Clock
  /** Repeats after the first try; 8 of them last half a minute. */
  retries: number
  /** Called before each wait. */
  onRetry(problem: string, waitMs: number): void
}
export interface Answer {
  status: number
  body: any
}

/**
 * Posts a batch under an Idempotency-Key until it is answered: network errors, 5xx, 429 and `idempotency_in_progress` are tried
 * again. Any other answer is the caller's.
 * @throws CommandError after the last try
 */
export const createSender = ({ origin, token, clock, retries, onRetry }: SenderOptions) => {
  const url = `${origin}/internal/ingest-batch`
  return async (body: string, key: string): Promise<Answer> => {
    for (let attempt = 0; ; attempt++) {
      let problem: string
      let waitMs = Math.min(FIRST_WAIT_MS * 2 ** attempt, MAX_WAIT_MS)
      try {
        const response = await fetch(url, {
          method: 'POST',
          body,
          headers: { 'content-type': 'application/json', 'x-internal-token': token, 'idempotency-key': key },
          redirect: 'manual', // a redirect would carry the token to wherever it points
          signal: AbortSignal.timeout(TIMEOUT_MS),
        })
        const answer = { status: response.status, body: parse(await response.text()) }
        const code: unknown = answer.body?.error?.code
        if (answer.status < 500 && answer.status !== 429 && code !== 'idempotency_in_progress') return answer
        problem = `${origin} answered ${answer.status}${typeof code === 'string' ? ` ${code}` : ''}`
        const retryAfter = retryAfterMs(response.headers.get('retry-after'), clock.now())
        if (retryAfter !== undefined) waitMs = Math.min(Math.max(retryAfter, waitMs), MAX_RETRY_AFTER_MS)
      } catch (error) {
        problem = `${origin} cannot be reached (${error instanceof Error ? error.message : String(error)})`
      }
      if (attempt >= retries) throw new CommandError(`${problem}; gave up after ${attempt + 1} tries`)
      onRetry(problem, waitMs)
      await clock.sleep(waitMs)
    }
  }
}

/** A body that is not JSON (a proxy's error page) is ignored; the status is enough. */
const parse = (text: string): any => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Where reading continues: the bytes and records already sent. Files that are not read line by line go on by their records. */
export interface Place {
  offset: number
  line: number
}

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
      const text = `${Math.floor(share * 100)}%  ${lines} lines  ${rate}/s  ${left} left`
      if (!io.isTty) return io.err(`${text}\n`)
      const filled = Math.round(share * BAR_WIDTH)
      io.err(`\r\x1b[K[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}] ${text}`)
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

export interface Counts {
  lines: number
  inserted: number
  updated: number
  unchanged: number
  duplicate: number
  rejected: number
  /** The first few. */
  reasons: string[]
  /** Lines that were stored without a field that could not be read, and the first few of the reasons; absent in older files. */
  remarks?: { count: number; reasons: string[] }
}

/** How far an ingestion has come. What the answers depend on is kept too: a repeated batch must be the same bytes. */
export interface Progress {
  /** Random part of the Idempotency-Keys. */
  runId: string
  /** Batches acknowledged. */
  batches: number
  place: Place
  counts: Counts
  file: { size: number; modifiedMs: number }
  batch: number
  source: number
  /** What else shapes the items: fields, currency, format. Absent in older files. */
  terms?: string
  /** Bytes of the file of rejected lines; absent without one. */
  rejectedBytes?: number
}

export const MAX_REASONS = 10

/** `.trawl-resume-<hash>.json` beside the caller, one per file, site and server. */
export const resumePath = (cwd: string, file: string, site: string, server: string): string => {
  const hash = new Bun.CryptoHasher('sha256').update(JSON.stringify([resolve(cwd, file), site, server])).digest('hex')
  return join(cwd, `.trawl-resume-${hash.slice(0, 16)}.json`)
}

/**
 * The stored progress if it is about the same work; undefined starts anew, which stores nothing twice either.
 * @throws CommandError for a file that holds something else: it would be replaced, and removed at the end
 */
export const readProgress = async (
  path: string,
  same: Pick<Progress, 'file' | 'batch' | 'source' | 'terms'>,
): Promise<Progress | undefined> => {
  const held = Bun.file(path)
  if (!(await held.exists()) || held.size === 0) return undefined
  const stored = (await held.json().catch(() => undefined)) as Progress | undefined
  if (typeof stored?.runId !== 'string' || typeof stored.place?.offset !== 'number')
    throw new CommandError(`${path} is no progress of trawl ingest: name another file, or remove it`)
  const { file, batch, source, terms } = stored
  return Bun.deepEquals({ file, batch, source, terms }, same) ? stored : undefined
}

/** Runs what writes a file. @throws CommandError that names the file, and a full disk as what it is */
export const naming = <T>(path: string, write: () => T): T => {
  try {
    return write()
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === undefined) throw error
    throw new CommandError(code === 'ENOSPC' ? `${path}: the disk is full` : `${path} cannot be written (${code})`)
  }
}

/** Replaces the file in one step: a crash leaves the old progress or the new one. */
export const writeProgress = (path: string, progress: Progress): void => {
  naming(path, () => {
    writeFileSync(`${path}.tmp`, JSON.stringify(progress), { mode: 0o600 })
    renameSync(`${path}.tmp`, path)
  })
}

export const removeProgress = (path: string): void => rmSync(path, { force: true })
