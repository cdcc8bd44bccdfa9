import { sql } from 'drizzle-orm'
import type { Db } from '../../src/platform/db/index.ts'
import { eventually } from '../support/eventually.ts'
import { TOKEN } from '../support/processes.ts'

export const BATCH = 100
/** A server that does not answer within this time is asked again. */
const GIVE_UP_MS = 10_000

/** mulberry32: the moments of a failed run can be had again. */
export const seeded = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}

export interface IngestingOptions {
  clients?: number
  /**
   * What becomes of a batch that is on its way at `stop`. False: that try is its last, so that a server that is gone does not delay the stop; more may
   * be stored than was answered. True: it is repeated until it is answered, so that the two have to be equal.
   */
  finishLast?: boolean
}

/**
 * Clients that send batches of products one after the other, each with its Idempotency-Key, and repeat one until it is answered: what
 * careful spiders do. Whatever happens to the server meanwhile, each answered batch has to be stored, once.
 */
export const startIngesting = (origins: string[], { clients = 4, finishLast = false }: IngestingOptions = {}) => {
  let over = false
  let repeats = 0
  let slowest = 0
  const statuses = new Map<number, number>()
  const answered: { client: number; batch: number; at: number; answer: any }[] = []

  const send = async (client: number, batch: number) => {
    const items = Array.from({ length: BATCH }, (_, n) => ({
      title: `Product ${client}.${batch}.${n}`,
      product_url: `https://shop.example/${client}/${batch}/${n}`,
      site_key: `site-${client}`,
      price: n + 1,
      category: `category ${batch % 7}`,
    }))
    const body = JSON.stringify({ source_id: 0, items })
    for (let attempt = 0; ; attempt++) {
      const sentAt = performance.now()
      try {
        const response = await fetch(`${origins[(client + attempt) % origins.length]}/internal/ingest-batch`, {
          method: 'POST',
          body,
          headers: { 'content-type': 'application/json', 'x-internal-token': TOKEN, 'idempotency-key': `${client}:${batch}` },
          signal: AbortSignal.timeout(GIVE_UP_MS),
        })
        const answer = await response.json()
        statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
        if (response.status === 200) return answer
        if (response.status !== 409 && response.status !== 503)
          throw new Error(`answered ${response.status} ${JSON.stringify(answer)}`)
        if (response.status === 503) slowest = Math.max(slowest, performance.now() - sentAt)
      } catch (error) {
        if (error instanceof Error && error.message.startsWith('answered')) throw error
      }
      if (over && !finishLast) return undefined
      repeats++
      // The pause of a client before it asks again.
      await Bun.sleep(20)
    }
  }
  const running = Array.from({ length: clients }, async (_, client) => {
    for (let batch = 0; !over; batch++) {
      const answer = await send(client, batch)
      if (answer !== undefined) answered.push({ client, batch, at: performance.now(), answer })
    }
  })
  return {
    answered,
    repeats: () => repeats,
    /** Answers by status. */
    statuses,
    /** The longest wait for a 503, ms. */
    slowestRefusal: () => slowest,
    /** Milliseconds from `since` to the first answer after it. Waits for one. */
    async recovery(since: number): Promise<number> {
      const first = await eventually(() => answered.find(({ at }) => at > since))
      return first!.at - since
    },
    async stop() {
      over = true
      await Promise.all(running)
    },
  }
}
export type Ingesting = ReturnType<typeof startIngesting>

/** What of the answered batches is missing, and what is stored twice. */
export const auditIngestion = async (db: Db, { answered }: Ingesting): Promise<{ lost: number; duplicated: number }> => {
  const one = async (text: string) => Number((await db.sql<{ n: number | string }>(sql.raw(text)))[0]?.n)
  const stored = new Map(
    (
      await db.sql<{ site: string; batch: string; n: number | string }>(
        sql.raw(
          `select site_key as site, ${db.dialect === 'postgres' ? "split_part(product_url, '/', 5)" : "substr(product_url, length('https://shop.example/') + 3, instr(substr(product_url, length('https://shop.example/') + 3), '/') - 1)"} as batch, count(*) as n from products group by 1, 2`,
        ),
      )
    ).map(({ site, batch, n }) => [`${site}/${batch}`, Number(n)]),
  )
  let lost = 0
  for (const { client, batch } of answered) lost += BATCH - (stored.get(`site-${client}/${batch}`) ?? 0)
  const twice =
    (await one('select count(*) - count(distinct product_url) as n from products')) +
    (await one('select count(*) - count(distinct gift_hash) as n from product_prices')) +
    (await one('select count(*) - count(distinct external_name) as n from category_maps'))
  // A batch stored before a fault and answered after it is still one batch: its first answer was kept.
  const counted = answered.filter(({ answer }) => answer.items_ingested !== BATCH || answer.items_unchanged !== 0).length
  return { lost, duplicated: twice + counted }
}
