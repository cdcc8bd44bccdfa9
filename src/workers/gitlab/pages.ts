import { nextInLinkHeader } from '../../platform/http/link-header.ts'
import { GitlabRefusal, TaskFailure } from './errors.ts'
import type { Control } from './execution.ts'
import { type Collection, firstRequest, type Item } from './plan/index.ts'
import { createSmallerPages, placeOf, withParams } from './smaller-pages.ts'
import { ExactNumber, type GitlabClient, type Patience } from './source/client.ts'
import { type Base, insideBase } from './source/credentials.ts'

/** The position in a collection between two pages. */
export interface Cursor {
  next: string
  mode: 'offset' | 'keyset'
  lastId: string | number | null
  boundaryIds: string[]
  /** created_at of the last item, where a window may have to begin. */
  since: string | null
  /** GitLab's total of this list, read by offsets, when the page before was read; null: unknown. */
  listTotal: number | null
}

export interface Page {
  /** The items of the page, without those of earlier pages. */
  items: Item[]
  /** Path and query it came from. */
  source: string
  total: number | null
  /** Rows of the page that GitLab fails to answer, each with its place and the reason. */
  leftOut: string[]
  /** Why items may be missing that nobody can name. */
  mayMiss?: string
  /** Why the list cannot be read on. */
  brokenBy?: string
  after: Omit<Cursor, 'next'> & { next: string | null }
}

export interface ReaderOptions {
  base: Base
  client: GitlabClient
  control: Control
  pageSize: number
}

export interface Reader {
  /** Reads the page at the cursor, with the fallbacks of §3.2. @throws GitlabRefusal 403, 404; errors of the client */
  page(collection: Collection, cursor: Cursor): Promise<Page>
  /** Whether bytes of an item were no UTF-8. */
  isDamaged(item: Item): boolean
}

/** Most items with one created_at: with more, a window could not move past them. */
const MOST_TIES = 3000
const LONG_KEY = 64
/** Pages without anything new, one after the other, after which a list counts as endless. */
const MOST_IDLE = 5
/** Pages before the last one that are read again when many rows have gone at once. */
const MOST_BACK = 5

/** Whether a value of a body is an object. */
export const isItem = (value: unknown): value is Item =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber)
const isList = (value: unknown): value is Item[] => Array.isArray(value) && value.every(isItem)

const identityOf = (collection: Collection, item: Item): string | number | undefined => {
  const value = item[collection.identity]
  if (value instanceof ExactNumber) return String(value)
  return typeof value === 'string' || typeof value === 'number' ? value : undefined
}

/** The key of an item in its collection; a long name by its hash. Undefined: it has none. */
const keyOf = (collection: Collection, item: Item): string | undefined => {
  const value = identityOf(collection, item)
  if (value === undefined) return undefined
  const text = String(value)
  return text.length <= LONG_KEY ? text : Bun.SHA256.hash(text, 'hex')
}

/**
 * What the next page may repeat: this page's items, and all that share the newest created_at, since a window that begins there
 * brings them again.
 */
const edgeOf = (collection: Collection, cursor: Cursor, items: Item[], ids: string[]): Pick<Cursor, 'boundaryIds' | 'since'> => {
  if (collection.window !== 'created_at') return { boundaryIds: ids, since: null }
  if (items.length === 0) return { boundaryIds: cursor.boundaryIds, since: cursor.since }
  const at = items.at(-1)?.created_at
  const since = typeof at === 'string' ? at : null
  const tied = since !== null && since === cursor.since
  return { boundaryIds: tied ? [...new Set([...cursor.boundaryIds, ...ids])] : ids, since }
}

/** Notices that a list does not end: it leads to an address where it has been, or brings the same pages again and again. */
const createGuard = () => {
  const addresses = new Set<string>()
  const pages = new Set<number | bigint>()
  let idle = 0
  const endless = (why: string) => new TaskFailure('BAD_RESPONSE', `GitLab's pages do not end: ${why}`, false)
  return {
    /** Takes a page; answers whether it brings what an earlier one has brought. */
    isRepeated(content: unknown, isEmpty: boolean): boolean {
      const page = Bun.hash(JSON.stringify(content))
      const known = isEmpty || pages.has(page)
      pages.add(page)
      idle = known ? idle + 1 : 0
      return known
    },
    /** Goes on from one address to the next. @throws TaskFailure BAD_RESPONSE */
    follow(from: string, to: string | null): void {
      addresses.add(from)
      if (to === null) return
      if (addresses.has(to)) throw endless('the next page is one that was read before')
      if (idle >= MOST_IDLE) throw endless(`${idle} in a row bring nothing new`)
    },
  }
}

/** Reads lists page by page (gitlab-worker §3.2): Link or x-next-page, keyset or offset, without repeating an item. */
export const createReader = ({ base, client, control, pageSize }: ReaderOptions): Reader => {
  let reading: Collection | undefined
  let guard = createGuard()
  /** The start of the next window when GitLab allows no greater offset. @throws TaskFailure OFFSET_LIMIT */
  const windowAfter = (collection: Collection, cursor: Cursor): string => {
    const url = new URL(`${base.origin}${cursor.next}`)
    const limit = () =>
      new TaskFailure(
        'OFFSET_LIMIT',
        `GitLab allows no greater offset for ${collection.name} and no other way to go on`,
        false,
        405,
      )
    const [name, value] =
      collection.window === 'id' ? ['id_after', cursor.lastId] : ['created_after', collection.window ? cursor.since : null]
    if (value === null || cursor.boundaryIds.length > MOST_TIES) throw limit()
    // The last window brought nothing new.
    if (url.searchParams.get(name) === String(value)) throw limit()
    url.searchParams.set(name, String(value))
    url.searchParams.set('page', '1')
    return `${url.pathname}${url.search}`
  }

  const follow = (
    collection: Collection,
    headers: Headers,
    { next: path, mode }: Pick<Cursor, 'next' | 'mode'>,
  ): string | null => {
    if (collection.paging === 'single') return null
    const link = nextInLinkHeader(headers.get('link'))
    const number = mode === 'offset' ? headers.get('x-next-page')?.trim() : undefined
    if (link !== undefined) {
      try {
        return insideBase(base, link, path)
      } catch (error) {
        // A GitLab behind a proxy may link to addresses that only it knows; the number needs none.
        if (!number) throw error
      }
    }
    if (!number) return null
    if (!/^\d{1,9}$/.test(number)) throw new TaskFailure('BAD_RESPONSE', "GitLab's x-next-page is no page", true)
    return withParams(path, { page: Number(number) })
  }

  const damaged = new WeakSet<Item>()
  const ask = async (collection: Collection, at: Pick<Cursor, 'next' | 'mode'>, patience: Patience) => {
    const single = collection.paging === 'single'
    const answer = await client.get(at.next, single ? isItem : isList, patience)
    const items = single ? [answer.body as Item] : (answer.body as Item[])
    for (const index of answer.damaged) damaged.add(items[index] as Item)
    const text = at.mode === 'offset' && !single ? answer.headers.get('x-total') : null
    const total = text !== null && /^\d{1,15}$/.test(text) ? Number(text) : single ? 1 : null
    return { items, next: follow(collection, answer.headers, at), total, bytes: answer.bytes }
  }
  const openList = (collection: Collection, mode: Cursor['mode']) =>
    createSmallerPages({
      name: collection.name,
      mode: collection.paging === 'single' ? 'single' : mode,
      pageSize,
      control,
      ask: (path, patience) => ask(collection, { next: path, mode }, patience),
      first: firstRequest(base, collection, pageSize),
    })
  interface OpenList {
    of: Collection
    mode: Cursor['mode']
    pages: ReturnType<typeof openList>
    /** Rows that were left out. */
    leftOut: number
    /** The keys on the last pages, the oldest first; offset lists alone. */
    recent: { page: number; size: number; keys: string[] }[]
  }
  let list: OpenList | undefined

  /**
   * After more than a page of rows has gone: the items of the pages before `page`, whose items these are, as far as they can be new.
   * Every item on the pages that this attempt remembers is known by its key. Before those new is what stands behind the last known item.
   */
  const readBefore = async (open: OpenList, cursor: Cursor, page: number, items: Item[], seen: Set<string>): Promise<Item[]> => {
    const isKnown = (item: Item) => seen.has(keyOf(open.of, item) ?? '')
    if (items.some(isKnown)) return []
    const oldest = open.recent[0]?.page ?? page
    let older: Item[] = []
    let sure: Item[] = []
    for (let number = page - 1; number >= Math.max(1, page - MOST_BACK); number--) {
      control.check()
      const before = await open.pages.read(withParams(cursor.next, { page: number }))
      const last = before.items.findLastIndex(isKnown)
      if (last >= 0) return [...before.items.slice(number >= oldest ? 0 : last + 1), ...older]
      older = [...before.items, ...older]
      if (number >= oldest) sure = older
    }
    return sure
  }

  const read = async (collection: Collection, cursor: Cursor): Promise<Page> => {
    if (list?.of !== collection || list.mode !== cursor.mode)
      list = { of: collection, mode: cursor.mode, pages: openList(collection, cursor.mode), leftOut: 0, recent: [] }
    const { pages } = list
    const page = await pages.read(cursor.next)
    const { next, total } = page
    let { items, leftOut } = page
    const place = cursor.mode === 'offset' && collection.paging !== 'single' ? placeOf(cursor.next) : undefined
    const before = cursor.listTotal ?? page.firstTotal
    const gone = place && before !== null && total !== null ? before - total : 0
    const seen = new Set(cursor.boundaryIds)
    if (place && gone > place.size) for (const { keys } of list.recent) for (const key of keys) seen.add(key)
    if (place && gone > 0 && place.page > 1) {
      // Rows of pages before have gone, and as many of this page are now on the one before.
      const back = await pages.read(withParams(cursor.next, { page: place.page - 1 }))
      const older = gone > place.size ? await readBefore(list, cursor, place.page - 1, back.items, seen) : []
      items = [...older, ...back.items, ...items]
      // Rows that were left out before would be counted again.
      if (list.leftOut === 0) leftOut = [...back.leftOut, ...leftOut]
    }
    list.leftOut += leftOut.length
    // A keyset list read by offsets again: everything up to the last id is stored already.
    const again = (item: Item) =>
      collection.paging === 'keyset' &&
      cursor.mode === 'offset' &&
      typeof cursor.lastId === 'number' &&
      typeof item.id === 'number' &&
      (collection.descending ? item.id >= cursor.lastId : item.id <= cursor.lastId)
    const fresh: Item[] = []
    const ids: string[] = []
    for (const item of items) {
      const key = keyOf(collection, item)
      if (key !== undefined) ids.push(key)
      if (again(item) || (key !== undefined && seen.has(key))) continue
      if (key !== undefined) seen.add(key)
      fresh.push(item)
    }
    if (place) {
      // Pages of another size, or of a window that has begun anew, are counted differently.
      const isNext = list.recent.at(-1)?.page === place.page - 1 && list.recent.at(-1)?.size === place.size
      list.recent = [...(isNext ? list.recent.slice(-MOST_BACK) : []), { ...place, keys: ids }]
    }
    const isRepeated = guard.isRepeated(ids.length === items.length ? ids : items, items.length === 0)
    guard.follow(cursor.next, next)
    // A page that is read again does not change the position that is known to be stored.
    const newest = items.at(-1)
    const last = newest && !again(newest) ? identityOf(collection, newest) : undefined
    // The page after parts of one may have to go back over all of them.
    const edge = place && place.size < pageSize ? [...new Set([...cursor.boundaryIds, ...ids])] : ids
    return {
      items: isRepeated ? [] : fresh,
      source: cursor.next,
      total,
      leftOut,
      ...(place && gone > place.size
        ? { mayMiss: `${collection.name}: ${gone} items went away while they were read, more than a page: others may be missing` }
        : {}),
      ...(page.brokenBy === undefined ? {} : { brokenBy: page.brokenBy }),
      after: {
        next,
        mode: cursor.mode,
        lastId: last ?? cursor.lastId,
        ...edgeOf(collection, cursor, items, edge),
        listTotal: place ? (total ?? cursor.listTotal) : null,
      },
    }
  }

  return {
    isDamaged: (item) => damaged.has(item),
    async page(collection, start) {
      if (reading !== collection) guard = createGuard()
      reading = collection
      for (let cursor = start; ; ) {
        control.check()
        try {
          return await read(collection, cursor)
        } catch (error) {
          if (!(error instanceof GitlabRefusal) || error.status !== 405) throw error
          if (cursor.mode === 'keyset' && /keyset pagination is not yet available/i.test(error.text))
            cursor = { ...cursor, mode: 'offset', listTotal: null, next: firstRequest(base, collection, pageSize, 'offset') }
          else if (cursor.mode === 'offset' && /maximum allowed offset/i.test(error.text))
            cursor = { ...cursor, listTotal: null, next: windowAfter(collection, cursor) }
          else throw new TaskFailure('GITLAB_REJECTED', error.shown, false, 405)
          // The other way begins with what this one has brought.
          guard = createGuard()
        }
      }
    },
  }
}
