import { createHash, timingSafeEqual } from 'node:crypto'

const digest = (text: string) => createHash('sha256').update(text).digest()

/** Compares a presented credential with a configured one in constant time; digests make the lengths equal first. */
export const secretMatcher = (expected: string): ((presented: string) => boolean) => {
  const wanted = digest(expected)
  return (presented) => timingSafeEqual(digest(presented), wanted)
}
