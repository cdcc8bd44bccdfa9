import { join } from 'node:path'
import { LeaseGone, messageOf } from '../../runtime.ts'
import { TaskFailure } from '../errors.ts'
import type { Disk, Encoder, ItemMeta } from './disk.ts'

/** A copy of an item without what must not be stored: `runners_token`, and user info in `import_url` (gitlab-worker §7). */
const cleaned = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(cleaned)
  if (value === null || typeof value !== 'object') return value
  const out: Record<string, unknown> = {}
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'runners_token') continue
    out[key] = key === 'import_url' && typeof inner === 'string' ? withoutUser(inner) : cleaned(inner)
  }
  return out
}

const withoutUser = (address: string): string => {
  const url = URL.parse(address)
  // Not a URL to the parser, such as scp's user@host:path: everything before the last @ may be a secret.
  if (!url) return address.replace(/^.*@/s, '')
  if (url.username === '' && url.password === '') return address
  url.username = ''
  url.password = ''
  return url.href
}

/** A file of results, valid up to `bytes`. */
export interface Part {
  file: string
  bytes: number
  items: number
}

export interface Store {
  /** Appends items to this attempt's own part and flushes them. @throws TaskFailure STORAGE_FAILED: nothing of it counts */
  append(items: Record<string, unknown>[], meta: ItemMeta): Promise<void>
  /** All parts of the result so far, those of earlier attempts first. */
  parts(): Part[]
  /** Path relative to the root. */
  manifestPath: string
  /** `proceed` is called right before the manifest becomes visible. @throws TaskFailure STORAGE_FAILED; LeaseGone from `proceed` */
  writeManifest(manifest: object, proceed: () => void): Promise<void>
}

export interface StoreOptions {
  disk: Disk
  root: string
  /** Relative to the root. */
  directory: string
  fence: number
  encoder: Encoder
  /** Of earlier attempts, already checked. */
  parts: Part[]
  /** The access token at this moment, which a stored text must not hold. */
  secret(): string
}

/** A token this short would occur by chance. */
const LEAST_SECRET = 8
const encoder = new TextEncoder()

/** Stores one attempt's items (gitlab-worker §7). Its part is its own, so a worker that lost its lease cannot harm another's. */
export const createStore = (options: StoreOptions): Store => {
  const { disk, encoder: format } = options
  const directory = join(options.root, options.directory)
  const own: Part = { file: `part-${options.fence}.${format.extension}`, bytes: 0, items: 0 }
  let made = false

  const stored = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      if (!made) await disk.makeDirectory(directory)
      made = true
      return await work()
    } catch (error) {
      if (error instanceof LeaseGone) throw error
      throw new TaskFailure('STORAGE_FAILED', `the result cannot be stored: ${messageOf(error)}`, true)
    }
  }
  const withoutSecret = (text: string) => {
    const secret = options.secret()
    return secret.length >= LEAST_SECRET ? text.replaceAll(secret, '[redacted]') : text
  }

  return {
    manifestPath: join(options.directory, 'manifest.json'),
    async append(items, meta) {
      if (items.length === 0) return
      const lines = items.map((item) => withoutSecret(format.line(cleaned(item) as Record<string, unknown>, meta)))
      const bytes = encoder.encode(`${own.bytes === 0 ? format.head : ''}${lines.join('')}`)
      // At the end of what counts: the rest of a page that could not be written is overwritten.
      await stored(() => disk.write(join(directory, own.file), own.bytes, bytes))
      own.bytes += bytes.byteLength
      own.items += items.length
    },
    parts: () => [...options.parts, ...(own.items > 0 ? [{ ...own }] : [])],
    writeManifest(manifest, proceed) {
      const bytes = encoder.encode(withoutSecret(`${JSON.stringify(manifest, null, 2)}\n`))
      return stored(() => disk.replace(join(directory, 'manifest.json'), bytes, options.fence, proceed))
    },
  }
}

/** Whether every part is there with at least the bytes that count. */
export const partsStand = async (disk: Disk, directory: string, parts: Part[]): Promise<boolean> => {
  for (const { file, bytes } of parts) {
    if (!/^part-\d+\.(jsonl|csv|xml)$/.test(file)) return false
    const size = await disk.size(join(directory, file))
    if (size === undefined || size < bytes) return false
  }
  return true
}
