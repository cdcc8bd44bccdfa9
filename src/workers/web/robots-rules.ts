/** What a robots.txt says to one agent. */
export interface RobotsRules {
  /** Whether a path with its query may be visited. */
  allows(path: string): boolean
  /** `Crawl-delay`, in seconds, as it stands. */
  crawlDelay?: number
  /** `Sitemap` lines, in file order. */
  sitemaps: string[]
}

/** Longest rule that is read, without its stars: a longer one can match no address that is visited. */
const MAX_RULE = 2048
/** Rules with stars that are read; each costs a walk over every path that is asked about. Others are as many as the file holds. */
const MAX_STARRED = 2000
const MAX_SITEMAPS = 1000

/** A piece of a rule between two stars, with the table by which it is found in one walk over a path (Knuth, Morris, Pratt). */
interface Piece {
  text: string
  /** For each place, how long a beginning of the piece ends there. */
  borders: Uint16Array
}

interface Rule {
  isAllowed: boolean
  /** The longest rule that matches wins. */
  length: number
  /** Before the first star. */
  start: string
  /** After it; undefined for a rule without stars. */
  pieces?: Piece[]
  /** Ends with `$`: the path has to end there too. */
  isWhole: boolean
}

const pieceOf = (text: string): Piece => {
  const borders = new Uint16Array(text.length)
  for (let at = 1, known = 0; at < text.length; at++) {
    while (known > 0 && text[at] !== text[known]) known = borders[known - 1]!
    if (text[at] === text[known]) known++
    borders[at] = known
  }
  return { text, borders }
}

/** Where the first occurrence at or after `from` ends, or -1. Looks at each character of the path once. */
const endOf = ({ text, borders }: Piece, path: string, from: number): number => {
  for (let at = from, known = 0; at < path.length; at++) {
    while (known > 0 && path[at] !== text[known]) known = borders[known - 1]!
    if (path[at] === text[known]) known++
    if (known === text.length) return at + 1
  }
  return -1
}

const matches = ({ start, pieces, isWhole }: Rule, path: string): boolean => {
  if (!path.startsWith(start)) return false
  if (!pieces) return !isWhole || path.length === start.length
  let at = start.length
  for (const [index, piece] of pieces.entries()) {
    const isLast = index === pieces.length - 1
    // The last piece of a whole rule stands at the end, wherever else it stands.
    if (isLast && isWhole) return path.length - piece.text.length >= at && path.endsWith(piece.text)
    at = endOf(piece, path, at)
    if (at < 0) return false
  }
  return true
}

/** One spelling: what may not stand in an address is percent-encoded, escapes are upper case, needless ones are taken away. */
const canonical = (text: string): string =>
  text
    // A lone surrogate cannot be encoded.
    .toWellFormed()
    .replace(/[^\x21-\x7e]+|%[\da-f]{2}/gi, (found) => {
      if (!found.startsWith('%')) return encodeURIComponent(found)
      const char = String.fromCharCode(Number.parseInt(found.slice(1), 16))
      return /[\w.~-]/.test(char) ? char : found.toUpperCase()
    })

const ruleOf = (isAllowed: boolean, value: string): Rule | undefined => {
  const isWhole = value.endsWith('$')
  const pattern = canonical(isWhole ? value.slice(0, -1) : value).replace(/\*+/g, '*')
  const [start = '', ...rest] = pattern.split('*')
  if (pattern.length - rest.length > MAX_RULE) return undefined
  // `/a*` is `/a`: an empty piece matches anywhere. Before `$` it lets the path end as it likes.
  if (rest.at(-1) === '') rest.pop()
  const isOpen = pattern.endsWith('*')
  return {
    isAllowed,
    length: pattern.length + Number(isWhole),
    start,
    ...(rest.length > 0 ? { pieces: rest.map(pieceOf) } : {}),
    isWhole: isWhole && !isOpen,
  }
}

interface Group {
  rules: Rule[]
  starred: number
  crawlDelay?: number
}

/**
 * Reads a robots.txt for an agent (RFC 9309): the groups that name it, else those of `*`. The longest rule that matches decides, an allowing
 * one before a forbidding one of the same length. Reading and matching take time in proportion to file, rules and path.
 *
 * @param token the agent's product token, such as `trawlbot`
 */
export const parseRobots = (text: string, token: string): RobotsRules => {
  const own: Group = { rules: [], starred: 0 }
  const all: Group = { rules: [], starred: 0 }
  const sitemaps: string[] = []
  let isNamed = false
  /** The groups to which the next rule belongs. */
  let current = new Set<Group>()
  let isInNames = false
  for (const line of text.replace(/^\ufeff/, '').split(/[\r\n]+/)) {
    const comment = line.indexOf('#')
    const said = comment < 0 ? line : line.slice(0, comment)
    const colon = said.indexOf(':')
    if (colon < 0) continue
    const key = said.slice(0, colon).trim().toLowerCase()
    const value = said.slice(colon + 1).trim()
    if (key === 'sitemap') {
      if (value && sitemaps.length < MAX_SITEMAPS) sitemaps.push(value)
    } else if (key === 'user-agent') {
      if (!isInNames) current = new Set()
      isInNames = true
      const name = /^[\w-]*/.exec(value.toLowerCase())?.[0]
      if (name === token) isNamed = true
      if (name === token) current.add(own)
      else if (value === '*') current.add(all)
    } else if (key === 'allow' || key === 'disallow') {
      isInNames = false
      if (value === '') continue
      for (const group of current) {
        const isStarred = value.includes('*')
        if (isStarred && group.starred >= MAX_STARRED) continue
        const rule = ruleOf(key === 'allow', value)
        if (!rule) continue
        group.rules.push(rule)
        group.starred += Number(isStarred)
      }
    } else if (key === 'crawl-delay') {
      isInNames = false
      const seconds = Number(value)
      if (value !== '' && Number.isFinite(seconds) && seconds >= 0) for (const group of current) group.crawlDelay ??= seconds
    }
  }
  const { rules, crawlDelay } = isNamed ? own : all
  return {
    crawlDelay,
    sitemaps,
    allows(address) {
      const path = canonical(address)
      if (path === '/robots.txt') return true
      let best: Rule | undefined
      for (const rule of rules) {
        const wins = !best || rule.length > best.length || (rule.length === best.length && rule.isAllowed)
        if (wins && matches(rule, path)) best = rule
      }
      return best?.isAllowed ?? true
    },
  }
}
