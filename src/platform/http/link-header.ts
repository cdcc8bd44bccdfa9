/** Longer fields are cut: a `Link` header is written by strangers. Characters. */
const MAX_FIELD = 8 * 1024
const MAX_LINKS = 100

/** One link of a `Link` header (RFC 8288). */
export interface HeaderLink {
  /** As written: may be relative. */
  url: string
  /** Relation types, lower case. */
  rel: string[]
}

const isBlank = (char: string | undefined) => char === ' ' || char === '\t'

/**
 * Reads a `Link` header in one pass; each character is looked at a fixed number of times. Commas and semicolons count neither between `<`
 * and `>` nor in quotes. What is no link is skipped, a link that the limit of 8 KiB cuts is left out.
 */
export const readLinkHeader = (header: string | null | undefined): HeaderLink[] => {
  const field = header ?? ''
  const text = field.slice(0, MAX_FIELD)
  const isCut = field.length > MAX_FIELD
  const links: HeaderLink[] = []
  let at = 0
  while (at < text.length && links.length < MAX_LINKS) {
    if (text[at] !== '<') {
      at = pastValue(text, at)
      continue
    }
    const close = text.indexOf('>', at)
    if (close < 0) break
    const link: HeaderLink = { url: text.slice(at + 1, close).trim(), rel: [] }
    let hasRel = false
    at = close + 1
    while (at < text.length && text[at] !== ',') {
      const start = at
      while (at < text.length && text[at] !== ';' && text[at] !== ',' && text[at] !== '=' && text[at] !== '"') at++
      const name = text.slice(start, at).trim().toLowerCase()
      let value = ''
      if (text[at] === '=') {
        at++
        while (isBlank(text[at])) at++
        ;[value, at] = readValue(text, at)
      } else if (text[at] === '"') [, at] = readValue(text, at)
      if (name === 'rel' && !hasRel) {
        hasRel = true // further ones do not count
        link.rel = value.toLowerCase().split(/\s+/).filter(Boolean)
      }
      if (text[at] === ';') at++
    }
    if (at >= text.length && isCut) break
    links.push(link)
    at++
  }
  return links
}

/** A quoted text or a token, and the place behind it. */
const readValue = (text: string, start: number): [string, number] => {
  if (text[start] !== '"') {
    let end = start
    while (end < text.length && text[end] !== ';' && text[end] !== ',') end++
    return [text.slice(start, end).trim(), end]
  }
  const parts: string[] = []
  let at = start + 1
  for (; at < text.length && text[at] !== '"'; at++) {
    if (text[at] === '\\') at++
    parts.push(text[at] ?? '')
  }
  return [parts.join(''), at + 1]
}

/** The place of the next `<` or behind the next comma that is not in quotes. */
const pastValue = (text: string, start: number): number => {
  let at = start
  while (at < text.length && text[at] !== ',' && text[at] !== '<') at = text[at] === '"' ? readValue(text, at)[1] : at + 1
  return text[at] === ',' ? at + 1 : at
}

/** Address of the first link with rel `next`, as written. */
export const nextInLinkHeader = (header: string | null | undefined): string | undefined =>
  readLinkHeader(header).find(({ rel }) => rel.includes('next'))?.url
