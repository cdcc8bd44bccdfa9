import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { csvCell, isFormula } from '../../platform/http/lists.ts'
import { LeaseGone, messageOf } from '../runtime.ts'
import { TaskFailure } from './errors.ts'
import { ExactNumber } from './source/client.ts'
import { percentEncode } from './source/credentials.ts'

/** The few things the worker does to a disk; tests bring one that breaks. */
export interface Disk {
  /** Creates the directory and those above it, 0700. */
  makeDirectory(path: string): Promise<void>
  /** Writes at `position` of a file (0600, created if need be) and resolves when the bytes are on the disk. */
  write(path: string, position: number, bytes: Uint8Array): Promise<void>
  /** Size in bytes, or undefined when there is no such file. */
  size(path: string): Promise<number | undefined>
  /**
   * Puts a whole file in place at once: readers see the old or the new one, also after a power loss.
   * @param writer part of the temporary name, so that writers of the same file do not share one
   * @param proceed called right before the file becomes visible; it throws to keep the old file
   */
  replace(path: string, bytes: Uint8Array, writer: number, proceed: () => void): Promise<void>
}

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW

const writeAll = async (file: FileHandle, bytes: Uint8Array, position: number) => {
  for (let done = 0; done < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, position + done)
    done += bytesWritten
  }
  await file.sync()
}

/** A new name is on the disk only when its directory is. */
const syncDirectory = async (path: string) => {
  const directory = await open(path, constants.O_RDONLY)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

const within = async (path: string, flags: number, work: (file: FileHandle) => Promise<void>) => {
  const file = await open(path, flags, 0o600)
  try {
    await work(file)
  } finally {
    await file.close()
  }
}

export const systemDisk: Disk = {
  async makeDirectory(path) {
    const first = await mkdir(path, { recursive: true, mode: 0o700 })
    if (first !== undefined) await syncDirectory(dirname(first))
  },
  async write(path, position, bytes) {
    await within(path, NEW_FILE, (file) => writeAll(file, bytes, position))
    if (position === 0) await syncDirectory(dirname(path))
  },
  async size(path) {
    const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
      throw error
    })
    return found?.size
  },
  async replace(path, bytes, writer, proceed) {
    const temporary = `${path}.new-${writer}`
    await within(temporary, NEW_FILE | constants.O_TRUNC, (file) => writeAll(file, bytes, 0))
    try {
      proceed()
      await rename(temporary, path)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
    await syncDirectory(dirname(path))
  },
}

/** Whether the worker can store anything below `root`. @throws the file system's error */
export const proveWritable = async (disk: Disk, root: string): Promise<void> => {
  await disk.makeDirectory(root)
  const probe = `${root}/.probe-${process.pid}-${Bun.randomUUIDv7().slice(-8)}`
  try {
    await disk.write(probe, 0, new Uint8Array([10]))
  } finally {
    await rm(probe, { force: true })
  }
}

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

export type Format = 'json' | 'csv' | 'xml'

/** What an item is stored with when `includeMetadata` is set (gitlab-worker §7). */
export interface ItemMeta {
  taskId: string
  type: string
  resourceId: string | null
  fetchedAt: string
  /** Path and query it came from. */
  source: string
}

export interface Encoder {
  extension: string
  /** What every part begins with. */
  head: string
  line(item: Record<string, unknown>, meta: ItemMeta): string
}

const META = ['taskId', 'type', 'resourceId', 'fetchedAt', 'source'] as const

/** A cell's text: nested values as JSON, missing ones empty. */
const cell = (value: unknown): string =>
  value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value)

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/
/** A number is no formula, although it may begin with a sign. */
const isFormulaBesideNumber = (text: string): boolean => isFormula(text) && !NUMBER.test(text)
const tableCell = (value: unknown): string => csvCell(cell(value), isFormulaBesideNumber)

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  // A parser would turn them into spaces, and an item is one line.
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
}
// biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has no way to write these
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g
const xmlText = (value: unknown): string =>
  cell(value)
    .toWellFormed()
    .replace(FORBIDDEN, '\ufffd')
    .replace(/[&<>"'\n\r\t]/g, (char) => ESCAPES[char] as string)

/**
 * How items become lines (gitlab-worker §7). With metadata csv and xml get five more columns; where the type has a column `type`
 * of its own, the task's is `taskType`.
 */
export const createEncoder = (format: Format, columns: readonly string[], includeMetadata: boolean): Encoder => {
  if (format === 'json')
    return {
      extension: 'jsonl',
      head: '',
      line: (item, meta) => `${JSON.stringify(includeMetadata ? { item, meta } : item)}\n`,
    }
  const extra = includeMetadata ? META : []
  const names = [...columns, ...extra.map((name) => (columns.includes(name) ? 'taskType' : name))]
  const values = (item: Record<string, unknown>, meta: ItemMeta) => [
    ...columns.map((name) => item[name]),
    ...extra.map((name) => meta[name]),
  ]
  if (format === 'csv')
    return {
      extension: 'csv',
      head: `${names.join(',')}\r\n`,
      line: (item, meta) => `${values(item, meta).map(tableCell).join(',')}\r\n`,
    }
  return {
    extension: 'xml',
    head: '',
    line: (item, meta) =>
      `<item>${values(item, meta)
        .map((value, index) => `<${names[index]}>${xmlText(value)}</${names[index]}>`)
        .join('')}</item>\n`,
  }
}

/** A copy of an item without what must not be stored: `runners_token`, and user info in `import_url` (gitlab-worker §7). */
const cleaned = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(cleaned)
  if (value === null || typeof value !== 'object' || value instanceof ExactNumber) return value
  const kept = Object.entries(value).filter(([key]) => key !== 'runners_token')
  // Not by assignment: a key may be `__proto__`.
  return Object.fromEntries(
    kept.map(([key, inner]) => [key, key === 'import_url' && typeof inner === 'string' ? withoutUser(inner) : cleaned(inner)]),
  )
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
