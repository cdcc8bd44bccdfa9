/** The one-shot hash: a hash object for every request would cost five times as much. */
const digest = (text: string) => Bun.SHA256.hash(text)

/** Compares a presented credential with a configured one in constant time; digests make the lengths equal first. */
export const secretMatcher = (expected: string): ((presented: string) => boolean) => {
  const wanted = digest(expected)
  return (presented) => crypto.timingSafeEqual(digest(presented), wanted)
}
