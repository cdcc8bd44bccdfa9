/** How slowly a rank loses weight: the usual constant of reciprocal rank fusion. */
const RANK_OFFSET = 60

/**
 * One ranking of several: an item's worth is the sum of weight / (60 + rank) over the lists that name it (ranks from 1). Best first;
 * equals in the order of their keys.
 */
export const fuseRanks = (lists: readonly { keys: readonly string[]; weight: number }[]): string[] => {
  const worth = new Map<string, number>()
  for (const { keys, weight } of lists)
    keys.forEach((key, n) => {
      worth.set(key, (worth.get(key) ?? 0) + weight / (RANK_OFFSET + n + 1))
    })
  return [...worth].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([key]) => key)
}
