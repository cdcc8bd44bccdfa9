import { distance } from 'fastest-levenshtein'
import { VARIABLES } from './variables.ts'

/** Shorter names are too near to anything. */
const LEAST_LENGTH = 6
/** Edits by which a slip of the finger differs from what was meant. */
const MOST_EDITS = 2
/** Names of other programs that are near to one of ours. */
const OTHERS = new Set(['HOSTNAME', 'NODE_OPTIONS', 'DATABASE'])

const plain = (name: string) => name.toUpperCase().replace(/[^A-Z0-9]/g, '')

/** Variables of the environment that nothing reads and whose name is nearly one of ours, as one sentence each, without their values. */
export const nearMisses = (env: Record<string, string | undefined>): string[] => {
  const known = Object.keys(VARIABLES)
  return Object.keys(env).flatMap((name) => {
    if (name in VARIABLES || OTHERS.has(name) || name.length < LEAST_LENGTH) return []
    const [best] = known
      .map((right) => ({ right, edits: distance(plain(name), plain(right)) }))
      .filter(({ edits }) => edits <= MOST_EDITS)
      .sort((a, b) => a.edits - b.edits)
    // The other one is set as well: then this one belongs to somebody else.
    return best && env[best.right] === undefined ? [`${name} is not read; is ${best.right} meant?`] : []
  })
}
