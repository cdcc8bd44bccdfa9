import { NONE, type Node } from './dom.ts'

const MAX_CONTENT = 4096
/** Slower ones reload a page or change its advertisements. Seconds. */
const MAX_DELAY = 10

/** The address in `<meta http-equiv=refresh content="0; URL=…">`; undefined for a reload, a slow one, and one for browsers without scripts. */
export const readRefresh = (meta: Node): string | undefined => {
  const { attribs = NONE, parent } = meta
  if (attribs['http-equiv']?.trim().toLowerCase() !== 'refresh') return undefined
  if (parent?.name === 'noscript' || parent?.name === 'template') return undefined
  const content = (attribs.content ?? '').slice(0, MAX_CONTENT).trim()
  const delay = /^(\d{0,6})(?:\.\d{0,6})?\s{0,20}[;,\s]\s{0,20}(?:url\s{0,20}=\s{0,20})?/i.exec(content)
  if (!delay || Number(delay[1]) > MAX_DELAY) return undefined
  const rest = content.slice(delay[0].length)
  const quote = rest[0] === '"' || rest[0] === "'" ? rest[0] : ''
  const end = quote ? rest.indexOf(quote, 1) : -1
  return (quote ? rest.slice(1, end < 0 ? undefined : end) : rest).trim() || undefined
}
