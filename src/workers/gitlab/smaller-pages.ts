import { PageFailure } from './errors.ts'
import type { Control } from './execution.ts'
import type { Item } from './plan/index.ts'
import type { Patience } from './source/client.ts'

/** The answer to one request of a list. */
export interface Answered {
  items: Item[]
  /** Path and query of the next page; null: the list ends here. */
  next: string | null
  total: number | null
  /** Length of the body. */
  bytes: number
}

/** One page, however many requests it took. */
export interface WholePage {
  items: Item[]
  next: string | null
  /** GitLab's total when the page was begun, and when it was read. */
  firstTotal: number | null
  total: number | null
  /** Rows that GitLab fails to answer, each with its place and the reason. */
  leftOut: string[]
  /** Why the list cannot be read on from here: a row of a keyset list that GitLab fails to answer. */
  brokenBy?: string
}

export interface SmallerPagesOptions {
  /** As messages call the list. */
  name: string
  /** `single`: one item and no list. */
  mode: 'offset' | 'keyset' | 'single'
  /** Rows of a whole page. */
  pageSize: number
  control: Control
  /** @throws PageFailure where fewer rows may help */
  ask(path: string, patience: Patience): Promise<Answered>
  /** Path and query of the list's first request: asked to distinguish a bad row of a keyset list from a GitLab that is down. */
  first: string
}

/** Rows in a row that fail alone, after which GitLab counts as down. */
const MOST_SUSPECTS = 3
/** Bytes of answers after which a page that is read in parts ends early: memory holds as much as one answer may have. */
const MOST_BYTES = 50 * 1024 * 1024
/** How often a list may shrink while one page is read in parts and the rows before are asked again. */
const MOST_STEPS_BACK = 3

/** A path and query with other parameters. */
export const withParams = (path: string, params: Record<string, number>): string => {
  const url = new URL(path, 'http://gitlab.invalid')
  for (const [name, value] of Object.entries(params)) url.searchParams.set(name, String(value))
  return `${url.pathname}${url.search}`
}

/** Number and size of an offset page, both from its address; undefined where it does not say. */
export const placeOf = (path: string): { page: number; size: number } | undefined => {
  const { searchParams } = new URL(path, 'http://gitlab.invalid')
  const [page, size] = ['page', 'per_page'].map((name) => searchParams.get(name) ?? '')
  if (!/^[1-9]\d{0,8}$/.test(page as string) || !/^[1-9]\d{0,2}$/.test(size as string)) return undefined
  return { page: Number(page), size: Number(size) }
}

/** The largest page of at most `most` rows that begins at row `at`: an offset is a whole number of pages. */
const fitting = (at: number, most: number): number => {
  let size = most
  while (size > 1 && at % size !== 0) size--
  return size
}
/** Fewer rows for the next request. A request that runs into its timeout or is too large costs much, so these take larger steps. */
const fewer = (size: number, { problem }: PageFailure): number => Math.max(1, Math.floor(size / (problem === 'failed' ? 2 : 4)))

/**
 * Reads the pages of a list; one that keeps failing in smaller and smaller parts, so that all its rows but the bad ones are read
 * (gitlab-worker §3.3). The full number of retries is spent on the whole page alone. @throws PageFailure when GitLab is down
 */
export const createSmallerPages = ({ name, mode, pageSize, control, ask, first }: SmallerPagesOptions) => {
  /** The page before was read in parts: this one may have the same trouble, which retries do not end. */
  let wary = false

  const left = (at: number, failure: PageFailure, path: string) =>
    `${name}: item ${at + 1} is left out: ${failure.problem === 'too_large' ? 'it is too large' : failure.message} (${path})`

  const readOffset = async (path: string): Promise<WholePage> => {
    const place = placeOf(path)
    if (!place) return wholeOf(await ask(path, 'full'))
    const start = (place.page - 1) * place.size
    const full = Math.max(place.size, pageSize)
    // A part of a page, as a page with much data leaves it, goes on to where whole pages do.
    const end = (Math.floor(start / full) + 1) * full
    let patience: Patience = wary ? 'once' : 'full'
    let at = start
    let most = place.size
    let suspects: { at: number; failure: PageFailure }[] = []
    let bytes = 0
    let stepsBack = 0
    const read: WholePage = { items: [], next: null, firstTotal: null, total: null, leftOut: [] }
    wary = false

    /** Asks once more for rows that failed before GitLab answered again: it may have been down for a moment. */
    const settle = async () => {
      for (const { at: row, failure } of suspects) {
        if (row >= end) continue // belongs to the next page
        const single = withParams(path, { page: row + 1, per_page: 1 })
        try {
          if (failure.problem === 'too_large') throw failure
          const { items } = await ask(single, 'none')
          read.items.push(...items)
        } catch (error) {
          if (!(error instanceof PageFailure)) throw error
          read.leftOut.push(left(row, error, single))
        }
      }
      if (suspects.length > 0) most = full
      suspects = []
    }

    while (at < end || suspects.length > 0) {
      control.check()
      // Behind the end one row is asked for, to see whether GitLab answers at all.
      const size = at < end ? fitting(at, Math.min(most, end - at)) : 1
      const isWhole = at === start && size === place.size
      const part = isWhole ? path : withParams(path, { page: at / size + 1, per_page: size })
      let answered: Answered
      try {
        answered = await ask(part, isWhole ? patience : size === 1 ? 'once' : 'none')
      } catch (error) {
        if (!(error instanceof PageFailure)) throw error
        wary = true
        if (size > 1) {
          most = fewer(size, error)
          continue
        }
        suspects.push({ at, failure: error })
        at++
        most = 1
        if (suspects.length < MOST_SUSPECTS) continue
        if (patience === 'full')
          throw error
          // The whole page has not had its retries yet.
        ;[patience, at, most, suspects] = ['full', start, place.size, []]
        Object.assign(read, { items: [], leftOut: [] })
        continue
      }
      await settle()
      const known = read.total
      read.firstTotal ??= answered.total
      read.total = answered.total ?? known
      if (known !== null && answered.total !== null && answered.total < known && stepsBack++ < MOST_STEPS_BACK) {
        // Rows before this one have gone, and others have moved to where it is not asked any more.
        at = Math.max(start, at - (known - answered.total))
        continue
      }
      if (isWhole && size === full) return { ...read, ...wholeOf(answered) }
      if (at >= end) {
        const goesOn = answered.items.length > 0 || at > end
        return { ...read, next: goesOn ? withParams(path, { page: end / full + 1, per_page: full }) : null }
      }
      read.items.push(...answered.items)
      at += size
      bytes += answered.bytes
      if (answered.next === null) return { ...read, next: null }
      const rest = at < end ? fitting(at, end - at) : full
      read.next = withParams(path, { page: at / rest + 1, per_page: rest })
      if (bytes > MOST_BYTES) return read
    }
    return read
  }

  const readKeyset = async (path: string): Promise<WholePage> => {
    const asked = Number(new URL(path, 'http://gitlab.invalid').searchParams.get('per_page') ?? pageSize)
    const full = Math.min(pageSize, Math.max(1, Math.trunc(asked) || pageSize))
    const patience: Patience = wary ? 'once' : 'full'
    let place = path
    let most = full
    let rest = full
    let bytes = 0
    const items: Item[] = []
    wary = false
    while (rest > 0) {
      control.check()
      const size = Math.min(most, rest)
      const part = size === full ? place : withParams(place, { per_page: size })
      let answered: Answered
      try {
        answered = await ask(part, size === full && place === path ? patience : size === 1 ? 'once' : 'none')
      } catch (error) {
        if (!(error instanceof PageFailure)) throw error
        if (size > 1) {
          wary = true
          most = fewer(size, error)
          continue
        }
        const again = await afterProbe(part, error, patience)
        if (again instanceof PageFailure) {
          const brokenBy = `${name}: the rest of the list is left out: ${again.message} (${part})`
          return { items, next: null, firstTotal: null, total: null, leftOut: [], brokenBy }
        }
        answered = again
      }
      items.push(...answered.items)
      rest -= size
      bytes += answered.bytes
      if (answered.next === null) return { ...wholeOf(answered), items }
      if (size === full) return { ...wholeOf(answered), items }
      place = answered.next
      if (bytes > MOST_BYTES) break
    }
    return { items, next: withParams(place, { per_page: full }), firstTotal: null, total: null, leftOut: [] }
  }

  /** The row of a keyset list that failed, asked again when GitLab has answered something else. @throws PageFailure it is down */
  const afterProbe = async (part: string, failure: PageFailure, spent: Patience): Promise<Answered | PageFailure> => {
    if (failure.problem === 'too_large') return failure
    await ask(withParams(first, { per_page: 1 }), spent === 'full' ? 'once' : 'full')
    try {
      return await ask(part, 'none')
    } catch (error) {
      if (error instanceof PageFailure) return error
      throw error
    }
  }

  const readSingle = async (path: string): Promise<WholePage> => wholeOf(await ask(path, 'full'))
  return { read: { offset: readOffset, keyset: readKeyset, single: readSingle }[mode] }
}

const wholeOf = ({ items, next, total }: Answered): WholePage => ({ items, next, firstTotal: total, total, leftOut: [] })
