import { z } from 'zod'
import type { Clock } from '../../platform/clock.ts'
import { redactText } from '../../platform/log.ts'
import { LeaseGone } from '../runtime.ts'
import { badTask, GitlabRefusal, TaskFailure } from './errors.ts'
import type { Control } from './execution.ts'
import { createReader, isItem, type Page } from './pages.ts'
import { type Area, areaOf, areaRow } from './plan/areas.ts'
import { type Collection, firstRequest, type Item, type Plan } from './plan/index.ts'
import type { Costs, GitlabClient } from './source/client.ts'
import type { Base } from './source/credentials.ts'
import type { Format, Part, Store } from './storage.ts'

/** What a stored page is, for the report on it. */
export interface StoredPage {
  collection: Collection
  /** GitLab's total; null when it sends none. */
  total: number | null
  areas: Area[]
  /** Whether all pages are stored now. */
  last: boolean
}

export interface CrawlOptions {
  taskId: string
  plan: Plan
  base: Base
  client: GitlabClient
  store: Store
  control: Control
  clock: Clock
  /** Changed page by page: everything before this position is stored. */
  position: Position
  pageSize: number
  maxPages: number | undefined
  format: Format
  warn(text: string): void
  /** Called after a page is stored; the next page waits for it. */
  stored(page: StoredPage): Promise<void>
}

const DETAILS_AT_ONCE = 4

const TRUNCATED = 'truncated after'

/** Path and query where a fresh task begins; a cursor of the task may move it (gitlab-worker §3.2). @throws TaskFailure BAD_TASK */
export const beginning = (
  base: Base,
  plan: Plan,
  pageSize: number,
  cursor: string | undefined,
): Pick<Position, 'list' | 'next' | 'mode'> => {
  const first = plan.collections[0] as Collection
  const keyset = first.paging === 'keyset'
  if (cursor === undefined || cursor === '')
    return { list: 0, next: firstRequest(base, first, pageSize), mode: keyset ? 'keyset' : 'offset' }
  if (/^[1-9]\d{0,8}$/.test(cursor) && first.paging !== 'single')
    return { list: 0, next: firstRequest(base, first, pageSize, 'offset', Number(cursor)), mode: 'offset' }
  const url = cursor.startsWith('/') ? URL.parse(`${base.origin}${cursor}`) : null
  const list = plan.collections.findIndex(
    ({ path }) => url?.origin === base.origin && decodedPath(url.pathname) === decodedPath(`${base.path}${path}`),
  )
  const of = plan.collections[list]
  if (!of || !url) throw badTask('options.pagination.cursor is neither a page number nor a place in this list')
  return {
    list,
    next: `${url.pathname}${url.search}`,
    mode: of.paging === 'keyset' && url.searchParams.get('pagination') === 'keyset' ? 'keyset' : 'offset',
  }
}

/** A path whatever the spelling of its escapes: a client may have kept its cursor with `%2f` for `%2F`. */
const decodedPath = (path: string): string => {
  try {
    return decodeURIComponent(path)
  } catch {
    return path // not decodable, so compared as it is
  }
}

/** Whether a position can be gone on from with this plan. Its address says where to ask, never which list it is of. */
export const continues = (base: Base, plan: Plan, { list, next }: Position): boolean =>
  next === null || (plan.collections[list] !== undefined && next.startsWith(`${base.path}/`))

/**
 * Fetches and stores everything from the position on, a page at a time (gitlab-worker §2, §3.2, §8).
 * @throws TaskFailure, Deferred, CredentialsExpired, LeaseGone, Interrupted: everything before the position is stored then
 */
export const crawl = async (options: CrawlOptions): Promise<void> => {
  const { plan, base, client, store, control, clock, position } = options
  const reader = createReader(options)

  const warnOfBytes = ({ name, identity }: Collection, item: Item) =>
    options.warn(`${name} ${String(item[identity])}: bytes that are no UTF-8 are stored as U+FFFD`)

  const detailed = async (collection: Collection, items: Item[]): Promise<Item[]> => {
    const { detail } = collection
    if (!detail) return items
    return inParallel(items, DETAILS_AT_ONCE, async (item) => {
      const path = `${base.path}${detail.path(item)}`
      try {
        const { body, damaged } = await client.get(path, isItem)
        if (damaged.length > 0 && !reader.isDamaged(item)) warnOfBytes(collection, item)
        return detail.merge(item, body as Item)
      } catch (error) {
        if (!(error instanceof GitlabRefusal) || error.status === 405) throw rejected(error)
        options.warn(`${error.status} for ${path}`)
        return item
      }
    })
  }

  const keep = async (collection: Collection, page: Page) => {
    const wanted = collection.keep ? page.items.filter(collection.keep) : page.items
    for (const item of wanted) if (reader.isDamaged(item)) warnOfBytes(collection, item)
    const items = await detailed(collection, wanted)
    const { area } = collection
    const rows = area && options.format !== 'json' ? items.map((item) => areaRow(area, item)) : items
    // A stop waits for the page in flight, a lost lease does not.
    if (control.lost()) throw new LeaseGone()
    await store.append(rows, {
      taskId: options.taskId,
      type: plan.type,
      resourceId: plan.resourceId,
      fetchedAt: new Date(clock.now()).toISOString(),
      source: page.source,
    })
    return items
  }

  const areasOf = (collection: Collection, items: Item[]): Area[] => {
    const { area } = collection
    if (!area) return []
    return items.flatMap((item) => {
      const found = areaOf(area, item, options.taskId)
      if (!found) options.warn(`${area} ${String(item.id)} has no usable path and is no area`)
      return found ?? []
    })
  }

  /** Notes that the result is not whole, and why. */
  const cut = (reason: string) => {
    options.warn(reason)
    if (position.cut.length < MOST_WARNINGS) position.cut.push(reason.slice(0, MOST_WARNING))
  }

  /** Moves the position to the beginning of the next list; without one everything is read. */
  const leaveList = () => {
    const following = plan.collections[position.list + 1]
    if (!following) return void Object.assign(position, { next: null, stage: 'finalizing' })
    position.list++
    Object.assign(position, {
      next: firstRequest(base, following, options.pageSize),
      mode: following.paging === 'keyset' ? 'keyset' : 'offset',
      lastId: null,
      boundaryIds: [],
      since: null,
      listTotal: null,
    })
  }

  /** Moves the position behind a stored page; answers whether it was the last. */
  const advance = (page: Page, count: number): boolean => {
    const collection = plan.collections[position.list] as Collection
    position.page++
    position.itemsByType[collection.name] = (position.itemsByType[collection.name] ?? 0) + count
    if (page.total !== null) position.total = page.total
    Object.assign(position, page.after)
    if (page.mayMiss !== undefined) cut(page.mayMiss)
    for (const reason of page.leftOut) cut(reason)
    position.leftOut += page.leftOut.length
    if (page.brokenBy !== undefined) cut(page.brokenBy)
    if (page.leftOut.length > 0 || page.brokenBy !== undefined) position.refused = true
    if (page.after.next === null || collection.isPast?.(page.items)) leaveList()
    if (position.next !== null && options.maxPages !== undefined && position.page >= options.maxPages) {
      cut(`${TRUNCATED} ${position.page} pages`)
      Object.assign(position, { next: null, stage: 'finalizing' })
    }
    return position.next === null
  }

  while (position.next !== null) {
    const collection = plan.collections[position.list] as Collection
    let page: Page
    try {
      page = await reader.page(collection, { ...position, next: position.next })
    } catch (error) {
      if (!(error instanceof GitlabRefusal)) throw error
      if (error.status === 404 && collection.instanceLevel && position.page === 0)
        throw new TaskFailure('NOT_GITLAB', `${base.origin}${base.path} is not a GitLab API`, false, 404)
      // What is left of this list is gone or hidden; the other lists need not be.
      cut(`${error.status} for ${error.path}`)
      position.refused = true
      leaveList()
      continue
    }
    const items = await keep(collection, page)
    const last = advance(page, items.length)
    await options.stored({ collection, total: page.total, areas: areasOf(collection, items), last })
    if (!last) control.check()
  }
}

const rejected = (error: unknown): unknown =>
  error instanceof GitlabRefusal ? new TaskFailure('GITLAB_REJECTED', error.shown, false, error.status) : error

/** Results in the items' order, at most `limit` at work; the first error is thrown when all that had begun have ended. */
const inParallel = async <T, R>(items: T[], limit: number, work: (item: T) => Promise<R>): Promise<R[]> => {
  const results: R[] = []
  let next = 0
  let failure: { error: unknown } | undefined
  const lane = async () => {
    while (next < items.length && !failure) {
      const index = next++
      try {
        results[index] = await work(items[index] as T)
      } catch (error) {
        failure ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane))
  if (failure) throw failure.error
  return results
}

/** The position of a task (gitlab-worker §7). */
export interface Position {
  stage: 'discovering' | 'fetching' | 'finalizing'
  /** Index of the plan's list that is being read. */
  list: number
  /** Path and query of the next request; null: all pages are stored. */
  next: string | null
  mode: 'offset' | 'keyset'
  /** Pages stored so far, over all attempts. */
  page: number
  lastId: string | number | null
  /** Items that the next page may repeat. */
  boundaryIds: string[]
  /** created_at of the last item of a list that may have to continue by windows. */
  since: string | null
  itemsByType: Record<string, number>
  /** GitLab's total of the list that is being read, as its newest page has it; null when there was none. */
  total: number | null
  /** GitLab's total of the list that is being read by offsets, when its newest page was stored; null: unknown, or a new list. */
  listTotal: number | null
  /** Why the result is not whole, the first reasons: a list was refused, rows left out, or `maxPages` reached. */
  cut: string[]
  /** Whether GitLab has announced items that it then refused, a list or single rows. */
  refused: boolean
  /** Rows that GitLab fails to answer. */
  leftOut: number
  startedAt: string
  warnings: string[]
  /** What the API made of reported areas. */
  areas: { inserted: number; jobsCreated: number }
}

const count = z.number().int().min(0)
const resumeState = z.object({
  v: z.literal(1),
  // Which instance it belongs to; a state without it is believed.
  host: z.string().optional(),
  stage: z.enum(['discovering', 'fetching', 'finalizing']),
  // A state of the release before has none, which is enough where the plan has one list.
  list: count.optional(),
  next: z.string().nullable(),
  mode: z.enum(['offset', 'keyset']),
  page: count,
  lastId: z.union([z.string(), z.number()]).nullable(),
  boundaryIds: z.array(z.string()),
  since: z.string().nullable().optional(),
  parts: z.array(z.object({ file: z.string(), bytes: count, items: count })),
  itemsByType: z.record(z.string(), count),
  // A state of the release before has none of these.
  total: count.nullable().default(null),
  listTotal: count.nullable().default(null),
  cut: z.array(z.string()).optional(),
  refused: z.boolean().default(false),
  leftOut: count.default(0),
  startedAt: z.string(),
  warnings: z.array(z.string()),
  areas: z.object({ inserted: count, jobsCreated: count }).optional(),
})

const MOST_BYTES = 60 * 1024
const sizeOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value))

/** The resumeState of a position, at most 64 KiB: warnings give way first. */
export const encodeState = (host: string, { areas, ...position }: Position, parts: Part[]): object => {
  const { itemsByType, warnings } = position
  // Copies: the position moves on while a report of this state waits for its turn.
  const own = { ...position, itemsByType: { ...itemsByType }, cut: [...position.cut], warnings: [...warnings] }
  const state = { v: 1, host, ...own, parts, ...(areas.inserted + areas.jobsCreated > 0 ? { areas: { ...areas } } : {}) }
  if (sizeOf(state) <= MOST_BYTES) return state
  const shorter = { ...state, warnings: state.warnings.slice(0, 3) }
  // Without them a repeated item at the edge of a page would be stored twice; better that than a report which is refused.
  return sizeOf(shorter) <= MOST_BYTES ? shorter : { ...shorter, boundaryIds: [] }
}

/** Reads a resumeState of a plan with `lists` lists; undefined when it does not say where it is: the task starts from the beginning. */
export const decodeState = (host: string, value: unknown, lists: number): { position: Position; parts: Part[] } | undefined => {
  const result = resumeState.safeParse(value)
  if (!result.success || (result.data.host !== undefined && result.data.host !== host)) return undefined
  const { v, host: _, parts, areas = { inserted: 0, jobsCreated: 0 }, since = null, ...position } = result.data
  const { list = lists === 1 || position.next === null ? 0 : undefined } = position
  const { cut = position.warnings.filter((text) => text.startsWith(TRUNCATED)) } = position
  return list === undefined ? undefined : { position: { ...position, list, cut, since, areas }, parts }
}

/** The progress of a task so far, as its reports show it (gitlab-worker §6). */
export interface CrawlProgress {
  costs: Costs
  /** Notes a problem that does not end the task. */
  warn(text: string): void
  /** Removes the access token and other credentials from a text. */
  clean(text: string): string
  /** The resumeState, once there is a position. */
  state(): object | null
  metadata(): object
  /** Items stored, over all attempts. */
  processed(): number
  /** From now on the progress is that of this position. */
  open(at: { host: string; position: Position; store: Store; token: () => string; discovers: boolean }): void
}

const MOST_WARNINGS = 50
const MOST_WARNING = 200
const MOST_WARNING_BYTES = 10_000
/** Shorter secrets are not redacted: they would occur in texts by chance. */
const LEAST_SECRET = 8

export const createCrawlProgress = (workerId: string, firstToken: string): CrawlProgress => {
  const costs: Costs = { requests: 0, retries: 0, rateLimitWaitMs: 0 }
  let opened: Parameters<CrawlProgress['open']>[0] | undefined
  let warningCount = 0
  const progress: CrawlProgress = {
    costs,
    warn(text) {
      const warnings = opened?.position.warnings
      if (!warnings) return
      const line = progress.clean(text).slice(0, MOST_WARNING)
      warningCount++
      if (warnings.length < MOST_WARNINGS) warnings.push(line)
    },
    clean(text) {
      const secrets = [firstToken, opened?.token() ?? ''].filter((secret) => secret.length >= LEAST_SECRET)
      return secrets.reduce((out, secret) => out.replaceAll(secret, '[redacted]'), redactText(text))
    },
    state: () => (opened ? encodeState(opened.host, opened.position, opened.store.parts()) : null),
    metadata: () =>
      opened
        ? {
            worker: workerId,
            pages: opened.position.page,
            ...costs,
            warnings: fitting(opened.position.warnings),
            warningCount,
            ...(opened.position.cut.length > 0 ? { truncated: true } : {}),
            ...(opened.position.leftOut > 0 ? { leftOut: opened.position.leftOut } : {}),
            output: opened.store.manifestPath,
            ...(opened.discovers ? { areas: { ...opened.position.areas } } : {}),
          }
        : { worker: workerId, ...costs },
    processed: () => Object.values(opened?.position.itemsByType ?? {}).reduce((sum, count) => sum + count, 0),
    open(at) {
      opened = at
      warningCount = at.position.warnings.length
    },
  }
  return progress
}

/** The first texts that fit into a report's metadata. */
const fitting = (texts: string[]): string[] => {
  let left = MOST_WARNING_BYTES
  return texts.filter((text) => {
    left -= Buffer.byteLength(JSON.stringify(text)) + 1
    return left > 0
  })
}
