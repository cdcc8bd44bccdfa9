import { childrenOf, NONE, type Node } from './dom.ts'

/** Attributes in which scripts that load pictures late keep the address, best first; `src` then holds a placeholder. */
const LATE = [
  'data-src',
  'data-original',
  'data-lazy-src',
  'data-lazy',
  'data-original-src',
  'data-lazyload',
  'data-lazy-original',
  'data-echo',
] as const
/** Attributes of a larger form of the picture, for those without any other. */
const LARGE = ['data-zoom-image', 'data-large_image', 'data-large-image', 'data-image', 'data-full'] as const
const LATE_SETS = ['data-srcset', 'data-lazy-srcset', 'data-original-set', 'data-lazyset'] as const
/** Pictures of a `srcset` that are compared. */
const MAX_SET = 50
const MAX_SET_CHARS = 50_000

/** The largest picture of a `srcset`: `a.jpg 1x, b.jpg 2x` or `a.jpg 300w, b.jpg 900w`; addresses may hold commas. */
const largestOf = (srcset: string | undefined): string | undefined => {
  if (!srcset) return undefined
  let best: { url: string; size: number } | undefined
  const words = srcset
    .slice(0, MAX_SET_CHARS)
    .trim()
    .split(/\s+/, MAX_SET * 2)
  for (let index = 0; index < words.length; index++) {
    let url = words[index]!.replace(/^,+/, '')
    let size = 1
    if (url.endsWith(',')) url = url.replace(/,{1,10}$/, '')
    else {
      const given = /^(\d{1,6}(?:\.\d{1,4})?)[wxh],?$/.exec(words[index + 1] ?? '')
      if (given) {
        size = Number(given[1])
        index++
      } else {
        // `a.jpg 1x,b.jpg 2x` without a blank behind the comma.
        const joined = /^(\d{1,6}(?:\.\d{1,4})?)[wxh],(.+)$/.exec(words[index + 1] ?? '')
        if (joined) {
          size = Number(joined[1])
          words[index + 1] = joined[2]!
        }
      }
    }
    if (url && !isPlaceholder(url) && (!best || size > best.size)) best = { url, size }
  }
  return best?.url
}

/** Addresses under which an `img` or `source` element shows its picture, best first, placeholders included. */
const ofElement = (node: Node): string[] => {
  const { attribs = NONE } = node
  return [
    ...LATE.map((name) => attribs[name]),
    ...LATE_SETS.map((name) => largestOf(attribs[name])),
    attribs.src,
    largestOf(attribs.srcset),
    ...LARGE.map((name) => attribs[name]),
  ].flatMap((address) => (address && (address === attribs.src || /[./]/.test(address)) && address.trim()) || [])
}

/** Addresses of the picture of an `img`, best first; those of the sources of a `picture` around it come last. */
export const imagesOf = (img: Node): string[] => {
  const own = ofElement(img)
  const { parent } = img
  if (parent?.name !== 'picture') return own
  const sources = childrenOf(parent, 20).filter(({ name }) => name === 'source')
  return [...own, ...sources.flatMap(ofElement)]
}

const PLACEHOLDER_WORD =
  /^(?:placeholder|placehold|blank|spacer|transparent|loading|loader|lazy|lazyload|spinner|noimage|nophoto|nopic|noimg|empty|dummy|clear|ajax)$/i
const FILLER_WORD =
  /^(?:no|not|image|images|img|photo|pic|picture|product|default|grey|gray|white|available|found|foto|\d{1,4}|\d{1,4}x\d{1,4}|gif|px|)$/i

/** Whether an address is that of no picture of the product: a data address, one pixel, a placeholder of the template. */
export const isPlaceholder = (address: string): boolean => {
  const text = address.trim().slice(0, 8192)
  if (!text || text === '#' || /^(?:data|about|javascript|blob):/i.test(text)) return true
  const path = text.replace(/[?#].*$/s, '')
  const file = path.slice(path.lastIndexOf('/') + 1).slice(-200)
  const stem = file.replace(/\.[a-z]{2,5}$/i, '')
  if (!stem) return false
  const words = stem.split(/[-_.\s]|%20/)
  if (/^(?:(?:white|clear|transparent)[-_]?)?(?:1x1|pixel)(?:[-_]1x1)?$/i.test(stem)) return true
  const named = words.filter((word) => !/^(?:\d+|\d+x\d+|)$/i.test(word))
  if (/^placeholder$/i.test(named.at(-1) ?? '')) return true
  if (words.some((word) => /^no$/i.test(word)) && words.some((word) => /^(?:image|photo|img|pic|picture|foto)$/i.test(word)))
    return words.every((word) => FILLER_WORD.test(word) || PLACEHOLDER_WORD.test(word))
  return (
    words.some((word) => PLACEHOLDER_WORD.test(word)) &&
    words.every((word) => PLACEHOLDER_WORD.test(word) || FILLER_WORD.test(word))
  )
}
