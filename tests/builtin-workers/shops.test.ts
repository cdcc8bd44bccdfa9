import { describe, expect, test } from 'bun:test'
import { runShop } from './cases/rig.ts'
import { makeShops, type Shop } from './shops.ts'

/** Of a hundred pages five fail: four the first time, one always. */
const FAILS_ONCE = 4
const FAILS_ALWAYS = 1

/** How often a page has to be asked for before it answers; pages of products only. */
const failuresOf = ({ products }: Shop): Map<string, number> => {
  const failures = new Map<string, number>()
  for (const [n, { path }] of products.entries()) {
    const place = (n * 37) % 100
    if (place < FAILS_ALWAYS) failures.set(path, Number.POSITIVE_INFINITY)
    else if (place < FAILS_ALWAYS + FAILS_ONCE) failures.set(path, 1)
  }
  return failures
}
/** What a server in trouble does, by turns. */
const trouble = (n: number): Response => {
  if (n % 3 === 0) return new Response('busy', { status: 503 })
  if (n % 3 === 1) return new Response('slow down', { status: 429, headers: { 'retry-after': '1' } })
  return new Response('oops', { status: 500 })
}

describe('500 products of five engines, five of a hundred answers failing', () => {
  test.each(makeShops(20260115).map((shop) => [shop.engine, shop] as const))(
    '%s: every product once, with price, currency, category and picture; the run says what failed',
    async (_, shop) => {
      const failures = failuresOf(shop)
      const lost = [...failures].filter(([, times]) => times === Number.POSITIVE_INFINITY).map(([path]) => path)
      expect([failures.size, lost.length]).toEqual([FAILS_ONCE + FAILS_ALWAYS, FAILS_ALWAYS])
      let troubles = 0
      const pages = Object.fromEntries(
        Object.entries(shop.pages).map(([path, html]) => [
          path,
          (_request: Request, asked: number) =>
            asked <= (failures.get(path) ?? 0)
              ? trouble(troubles++)
              : new Response(html, { headers: { 'content-type': 'text/html; charset=utf-8' } }),
        ]),
      )
      const { products, history, source, requests } = await runShop({ pages, at: shop.home, type: 'hub', maxPages: 400 })

      const read = products.map(({ title, price, currency, category, image_url, product_url }) => ({
        title,
        // The server writes queries anew.
        path: decodeURIComponent(product_url),
        price,
        currency,
        category,
        image: image_url,
      }))
      const right = shop.products.filter(({ path }) => !lost.includes(path))
      const byPath = (list: { path: string }[]) => list.toSorted((a, b) => (a.path < b.path ? -1 : 1))
      expect(byPath(read)).toEqual(byPath(right))

      const [run] = history
      expect(run).toMatchObject({
        status: 'completed',
        outcome: 'partial',
        items_rejected: 0,
        pages_failed: lost.length,
        error: null,
      })
      expect(source.config.last_stats).toEqual({
        processed_items: right.length,
        new_items: right.length,
        pages_failed: lost.length,
      })
      for (const path of lost) expect(source.config.last_logs).toMatch(new RegExp(`${RegExp.escape(path)}: HTTP (?:500|503|429)`))
      // Each page once, but for those that failed; and what every crawl asks for.
      const repeated = requests.filter((path, n) => requests.indexOf(path) !== n && !failures.has(path))
      expect(repeated).toEqual([])
    },
  )
})
