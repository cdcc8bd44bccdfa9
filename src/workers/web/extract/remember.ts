/** Longer texts are not remembered. Characters. */
const MAX_CHARS = 300

/**
 * A function of a text that remembers what it made of the last texts: pages of one shop repeat their classes, menus and names. `most` texts are
 * kept, then all are forgotten, so that a hostile page costs no more than it would without.
 */
export const remembering = <T>(make: (text: string) => T, most = 500): ((text: string) => T) => {
  const known = new Map<string, T>()
  return (text) => {
    if (text.length > MAX_CHARS) return make(text)
    let made = known.get(text)
    if (made === undefined && !known.has(text)) {
      made = make(text)
      if (known.size >= most) known.clear()
      known.set(text, made)
    }
    return made as T
  }
}
