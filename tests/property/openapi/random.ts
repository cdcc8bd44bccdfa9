/** A repeatable source of random decisions. */
export interface Random {
  /** In [0, 1). */
  next(): number
  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number
  chance(probability: number): boolean
  pick<T>(list: readonly T[]): T
}

/** mulberry32: small, quick, and the same everywhere for one seed. */
export const createRandom = (seed: number): Random => {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    next,
    int: (min, max) => min + Math.floor(next() * (max - min + 1)),
    chance: (probability) => next() < probability,
    pick: (list) => {
      if (list.length === 0) throw new Error('nothing to pick from')
      return list[Math.floor(next() * list.length)] as never
    },
  }
}

/** `TEST_SEED`, for other requests; without it always the same, so that a change is judged by what it changes. `TEST_SEED=random` picks one. */
export const seedOfRun = (): number => {
  const given = process.env.TEST_SEED
  if (given === 'random') return Math.floor(Math.random() * 2 ** 31)
  if (given === undefined || given === '') return 20_261_128
  const seed = Number(given)
  if (!Number.isSafeInteger(seed)) throw new Error('TEST_SEED must be a whole number')
  return seed
}
