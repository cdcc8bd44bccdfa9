import { FetchError } from '../errors.ts'

/** What one document may cost, whatever it holds: a page of a shop stays a hundred times below. */
const LIMITS = {
  /** Elements and texts of the tree. 5 MB of markup by hand or by template have about 250,000. */
  nodes: 400_000,
  attributes: 1_000_000,
  /** Nodes that are looked at again, to read a text or what `itemref` names. */
  reads: 3_000_000,
  /** Microdata and RDFa items with their values. */
  items: 100_000,
  /** Objects of JSON-LD, each time one is followed. */
  things: 100_000,
  products: 5_000,
} as const

export type Cost = keyof typeof LIMITS

/** Counts the work on one document. A document that is over a limit is given up with `FetchError` `too_large`, not retryable. */
export interface Budget {
  spend(cost: Cost, amount?: number): void
}

export const createBudget = (limits: Partial<Record<Cost, number>> = {}): Budget => {
  const left: Record<Cost, number> = { ...LIMITS, ...limits }
  return {
    spend(cost, amount = 1) {
      left[cost] -= amount
      if (left[cost] < 0)
        throw new FetchError('too_large', `Page is too much work: more than ${limits[cost] ?? LIMITS[cost]} ${cost}`, false)
    },
  }
}
