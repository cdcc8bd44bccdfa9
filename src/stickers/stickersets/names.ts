/** Longest name of a set. */
const NAME = /^[A-Za-z0-9_]{1,200}$/
const LINK = /^(?:https?:\/\/)?(?:www\.)?t\.me\/addstickers\//i

export interface NormalName {
  /** Lower-cased; undefined when the value names no set. */
  name: string | undefined
  isLink: boolean
}

/**
 * The one normaliser of sticker set names (stickers §3.6), for `create.name`, `check.name` and `check.url`.
 * @example normaliseName('https://t.me/addstickers/Foo/?a=1') // { name: 'foo', isLink: true }
 */
export const normaliseName = (value: string): NormalName => {
  const text = value.trim()
  const link = LINK.exec(text)?.[0]
  let rest = text
  if (link !== undefined) {
    rest = text.slice(link.length)
    const query = rest.indexOf('?')
    if (query >= 0) rest = rest.slice(0, query)
    if (rest.endsWith('/')) rest = rest.slice(0, -1)
  }
  return { name: NAME.test(rest) ? rest.toLowerCase() : undefined, isLink: link !== undefined }
}

/** Whether a value is meant as a link, be it one of ours or not: a bare name has no slash (stickers §5.5). */
export const isMeantAsLink = (value: string): boolean => value.includes('/')

/** The set's page at Telegram. */
export const linkOf = (name: string): string => `https://t.me/addstickers/${name}`
