import { expect, test } from 'bun:test'
import { qualityOf, rankAll, readProducts } from '../bench/search-quality.ts'
import { onEachDatabase } from '../support/databases.ts'
import { makeRig } from './rig.ts'

onEachDatabase('gifty search quality', (database) => {
  test('48 labelled queries over 2,000 real products: hybrid is at least as good as the better single method', async () => {
    const app = await makeRig(database)
    const products = await readProducts()
    for (let from = 0; from < products.length; from += 500) await app.ingest(products.slice(from, from + 500))
    app.clock.advance(11_000)
    const { search, embedding } = app.services.search
    await embedding.learn()
    expect(await embedding.embedPending()).toBe(2000)
    const titleOf = new Map<string, string>()
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: any = await app.ok('GET', `/internal/products?limit=200${cursor && `&cursor=${cursor}`}`)
      for (const item of page.items) titleOf.set(item.gift_id, item.title)
      cursor = page.next_cursor
    }
    const answered = async (query: string, limit: number) =>
      (await search.similar({ query }, limit, {})).map((match) => match.giftId)
    const ranked = await rankAll({ ...search, answered }, titleOf)
    const titles = [...titleOf.values()]
    const quality = {
      text: qualityOf(ranked.text, titles),
      vector: qualityOf(ranked.vector, titles),
      hybrid: qualityOf(ranked.hybrid, titles),
      answered: qualityOf(ranked.answered, titles),
    }
    expect(ranked.text).toHaveLength(48)
    expect(quality.hybrid.recall).toBeGreaterThanOrEqual(Math.max(quality.text.recall, quality.vector.recall))
    expect(quality.hybrid.ndcg).toBeGreaterThanOrEqual(Math.max(quality.text.ndcg, quality.vector.ndcg))
    expect(quality.answered.recall).toBe(quality.hybrid.recall)
    // A good deal below what was measured, so that it fails for a reason.
    expect(quality.text.recall).toBeGreaterThan(0.75)
    expect(quality.vector.recall).toBeGreaterThan(0.7)
    expect(quality.hybrid.recall).toBeGreaterThan(0.8)
    await app.stop()
  }, 300_000)
})
