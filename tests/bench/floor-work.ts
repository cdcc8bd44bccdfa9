import { Database } from 'bun:sqlite'
import { categoryKey, contentHash, contentText, giftHash, giftId, nameHash } from '../../src/gifty/catalog/identity.ts'
import { openDatabase } from '../../src/platform/db/open.ts'

export type Synchronous = 'NORMAL' | 'FULL'

/** Raw bun:sqlite on a database with our tables and indices. */
export const openFloor = async (path: string, synchronous: Synchronous): Promise<Database> => {
  await (await openDatabase({ url: `sqlite:${path}`, synchronous })).close()
  const db = new Database(path, { strict: true })
  db.run('pragma journal_mode=wal')
  db.run(`pragma synchronous=${synchronous}`)
  db.run('pragma cache_size=-16000')
  db.run('pragma temp_store=memory')
  return db
}

export interface Product {
  title: string
  product_url: string
  site_key: string
  price: number
  currency: string
  image_url: string
  merchant: string
  category: string
  raw_data: unknown
}
/** A product as the floor binds it: nothing is left to compute. */
export const toFloorRow = (product: Product) => {
  const id = giftId(product.site_key, product.product_url)
  const text = contentText({ ...product, description: null })
  return {
    hash: giftHash(id),
    category: product.category,
    price: product.price,
    currency: product.currency,
    values: [
      giftHash(id),
      id,
      product.site_key,
      null,
      product.title,
      null,
      product.price,
      product.currency,
      product.image_url,
      product.product_url,
      product.merchant,
      product.category,
      categoryKey(product.category),
      text,
      contentHash(text, product.image_url),
      JSON.stringify(product.raw_data),
    ],
  }
}
export type FloorRow = ReturnType<typeof toFloorRow>

/** Upserts batches as ingestion does: products, first prices, names of categories; one transaction per batch. */
export const floorIngestion = (db: Database) => {
  const columns =
    'gift_hash, gift_id, site_key, source_id, title, description, price, currency, image_url, product_url, merchant, category, category_key, content_text, content_hash, raw'
  const scraped = columns.split(', ').slice(3)
  const upsert = db.query(
    `insert into products (${columns}, is_active, needs_scoring, created_at, updated_at, last_seen_at)
     values (${columns.replace(/\w+/g, '?')}, 1, 1, ?, ?, ?)
     on conflict (gift_hash) do update set ${scraped.map((name) => `${name} = excluded.${name}`).join(', ')}, last_seen_at = excluded.last_seen_at`,
  )
  const price = db.query('insert into product_prices (gift_hash, price, currency, run_id, seen_at) values (?, ?, ?, null, ?)')
  const name = db.query(
    'insert into category_maps (name_hash, external_name, is_verified, created_at, updated_at) values (?, ?, 0, ?, ?) on conflict do nothing',
  )
  return (rows: FloorRow[]) => {
    const now = Date.now()
    const names = new Set<string>()
    db.run('begin immediate')
    for (const row of rows) {
      upsert.run(...(row.values as any[]), now, now, now)
      price.run(row.hash, row.price, row.currency, now)
      names.add(row.category)
    }
    for (const category of names) name.run(nameHash(category), category, now, now)
    db.run('commit')
  }
}

/** Leases and completes a hundred notifications, each in one statement and transaction. */
export const floorTasks = (db: Database) => {
  const lease = db.query<{ id: string; fence: number; payload: string }, any>(
    `update tasks set state = 'leased', attempts = attempts + 1, fence = fence + 1, lease_owner = $owner, lease_expires_at = $until,
       last_end = null, updated_at = $now
     where id in (select id from tasks where state = 'queued' and kind = 'notification' and run_after <= $now
       and (expires_at is null or expires_at > $now) order by priority desc, id limit 100) returning *`,
  )
  const complete = db.query<{ id: string }, any>(
    `update tasks set state = 'completed', last_end = 'complete', finished_at = $now, lease_expires_at = null, updated_at = $now
     from (select value ->> 'id' as id, value ->> 'fence' as fence from json_each($items)) j
     where tasks.id = j.id and tasks.state = 'leased' and tasks.lease_owner = $owner and tasks.fence = j.fence
       and tasks.lease_expires_at > $now returning tasks.id`,
  )
  return (): number => {
    const now = Date.now()
    db.run('begin immediate')
    const leased = lease.all({ owner: 'floor', now, until: now + 60_000 })
    db.run('commit')
    const tasks = leased.map(({ id, fence, payload }) => ({ id, fence, payload: JSON.parse(payload) }))
    db.run('begin immediate')
    const done = complete.all({
      owner: 'floor',
      now: Date.now(),
      items: JSON.stringify(tasks.map(({ id, fence }) => ({ id, fence }))),
    })
    db.run('commit')
    return done.length
  }
}
