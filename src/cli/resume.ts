import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Place } from './lines.ts'

export interface Counts {
  lines: number
  inserted: number
  updated: number
  unchanged: number
  duplicate: number
  rejected: number
  /** The first few. */
  reasons: string[]
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
}

export const MAX_REASONS = 10

/** `.trawl-resume-<hash>.json` beside the caller, one per file, site and server. */
export const resumePath = (cwd: string, file: string, site: string, server: string): string => {
  const hash = new Bun.CryptoHasher('sha256').update(JSON.stringify([resolve(cwd, file), site, server])).digest('hex')
  return join(cwd, `.trawl-resume-${hash.slice(0, 16)}.json`)
}

/** The stored progress if it is about the same work; undefined starts anew, which stores nothing twice either. */
export const readProgress = async (
  path: string,
  same: Pick<Progress, 'file' | 'batch' | 'source'>,
): Promise<Progress | undefined> => {
  const stored = (await Bun.file(path)
    .json()
    .catch(() => undefined)) as Progress | undefined
  if (typeof stored?.runId !== 'string' || typeof stored.place?.offset !== 'number') return undefined
  const { file, batch, source } = stored
  return Bun.deepEquals({ file, batch, source }, same) ? stored : undefined
}

/** Replaces the file in one step: a crash leaves the old progress or the new one. */
export const writeProgress = (path: string, progress: Progress): void => {
  writeFileSync(`${path}.tmp`, JSON.stringify(progress), { mode: 0o600 })
  renameSync(`${path}.tmp`, path)
}

export const removeProgress = (path: string): void => rmSync(path, { force: true })
