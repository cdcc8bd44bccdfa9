import { join } from 'node:path'
import { percentEncode } from '../source/address.ts'

const MOST_BYTES = 200
const HASH_CHARS = 16

/** A text as one directory name (gitlab-worker §7): encoded, never a step up, at most 200 bytes. */
export const directoryName = (text: string): string => {
  const encoded = text === '.' ? '%2E' : text === '..' ? '%2E%2E' : percentEncode(text)
  if (encoded.length <= MOST_BYTES) return encoded
  const hash = Bun.SHA256.hash(text, 'hex').slice(0, HASH_CHARS)
  return `${encoded.slice(0, MOST_BYTES - HASH_CHARS - 1).replace(/%.?$/, '')}-${hash}`
}

/** The directory of one run of a task, relative to the root (gitlab-worker §7). */
export const runDirectory = (of: { host: string; resource: string; type: string; taskId: string; run: number }): string =>
  join(directoryName(of.host), directoryName(of.resource), of.type, directoryName(of.taskId), `run-${of.run}`)
