/** The one-shot hash: a hash object for every request would cost five times as much. */
const digest = (text: string) => Bun.SHA256.hash(text)

/** Compares a presented credential with a configured one in constant time; digests make the lengths equal first. */
export const secretMatcher = (expected: string): ((presented: string) => boolean) => {
  const wanted = digest(expected)
  return (presented) => crypto.timingSafeEqual(digest(presented), wanted)
}

/** Finds which of several credentials is presented, comparing digests with every one of them in constant time; -1 for none. */
export const secretFinder = (expected: readonly string[]): ((presented: string) => number) => {
  const wanted = expected.map(digest)
  return (presented) => {
    const actual = digest(presented)
    let found = -1
    for (let at = 0; at < wanted.length; at++) if (crypto.timingSafeEqual(actual, wanted[at] as Uint8Array)) found = at
    return found
  }
}
