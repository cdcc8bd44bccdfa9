/**
 * How slowly a rank loses weight. Half of the usual 60: with two good lists of a few dozen the first places should say more. The
 * labelled queries of the bench find little difference from 10 to 60.
 */
const RANK_OFFSET = 30

export interface RankedItem {
  key: string
  weight: number
}

/**
 * Reciprocal rank fusion: an item's worth is the sum of weight / (30 + rank) over the lists that name it, ranks from 1. Best first;
 * equals in the order of their keys.
 */
export const fuseRanks = (lists: readonly (readonly RankedItem[])[]): string[] => {
  const worth = new Map<string, number>()
  for (const list of lists)
    list.forEach(({ key, weight }, n) => {
      worth.set(key, (worth.get(key) ?? 0) + weight / (RANK_OFFSET + n + 1))
    })
  return [...worth].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([key]) => key)
}
