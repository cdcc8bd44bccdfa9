import { createClient, type Schemas } from 'trawl/client'

/** Compiled by `bun run check`, never run: what the typed client may call in each family, and what it may not. */
const trawl = createClient({ baseUrl: 'http://localhost:3000', credentials: { internal: 'dev-internal-token' } })

type Same<A, B> = (<G>() => G extends A ? 1 : 2) extends <G>() => G extends B ? 1 : 2 ? true : false
/** Fails to compile unless a value has exactly this type, which `any` is not. */
export const exactly = <T>() => ({ is: <U>(_value: U, ..._proof: Same<T, U> extends true ? [] : [never]) => {} })

export const gifty = async () => {
  const sources = await trawl.get('/internal/sources', { query: { site_key: 'tea', limit: 10 } })
  if (sources.error) return sources.error.error.code
  exactly<'skip' | 'queue_one' | undefined>().is(sources.data[0]?.overlap)
  await trawl.get('/internal/sources')
  await trawl.post('/internal/sources', { body: { url: 'https://tea.example', type: 'list', site_key: 'tea' } })
  await trawl.patch('/internal/sources/{id}', { path: { id: 1 }, body: { schedule: null } })
  const forced = await trawl.post('/internal/sources/{id}/force-run', { path: { id: 1 } })
  exactly<number | null | undefined>().is(forced.data?.run_id)
  await trawl.post('/internal/sources/{id}/force-run', { path: { id: 1 }, query: { strategy: 'deep' }, body: {} })
  await trawl.post('/internal/ingest-batch', {
    headers: { 'Idempotency-Key': 'batch-1' },
    body: {
      source_id: '1',
      items: [
        { title: 'Tea', product_url: 'https://tea.example/p/1', site_key: 'tea', price: '1 499,50' },
        { title: 'Pot', product_url: 'https://tea.example/p/2', site_key: 'tea', price: 2300 },
      ],
    },
  })
  const leased = await trawl.post('/internal/workers/lease', { body: { worker_id: 'w' } })
  for (const task of leased.data?.tasks ?? []) {
    if (task.kind === 'source.run') exactly<string>().is(task.payload.site_key)
    if (task.kind === 'category_mapping') exactly<string[]>().is(task.payload.sample_titles)
    // @ts-expect-error the payload of a run has no text
    if (task.kind === 'source.run') task.payload.text
  }
  await trawl.post('/internal/workers/tasks/{id}/complete', { path: { id: 't' }, body: { worker_id: 'w', fence: 1 } })
  await trawl.put('/internal/categories/tree', { body: [{ id: 1, name: 'Tea' }] })
  await trawl.get('/analytics/trends', { query: { days: 30 } })
  const source: Schemas['ParsingSource'] | undefined = sources.data[0]
  return source?.config
}

export const crawler = async () => {
  const made = await trawl.post('/api/internal2/tasks', {
    body: { data: { id: 7, type: 'FETCH_ISSUES', credentials: { accessToken: 'glpat' } } },
  })
  exactly<string | undefined>().is(made.data?.data.id)
  const leased = await trawl.post('/api/internal2/tasks/lease', { body: { workerId: 'w', waitSeconds: 20 } })
  exactly<'json' | 'csv' | 'xml' | undefined>().is(leased.data?.data[0]?.options.outputFormat)
  await trawl.post('/api/internal2/tasks/{id}/progress', {
    path: { id: '7' },
    body: { type: 'progress', processedItems: 3, workerId: 'w', fence: 1 },
  })
  const list = await trawl.get('/api/internal2/tasks', { query: { status: 'failed', limit: 100 } })
  exactly<boolean | undefined>().is(list.data?.meta.hasMore)
  const gone = await trawl.delete('/api/internal2/tasks/{id}', { path: { id: '7' } })
  return gone.error?.code
}

export const loveParser = async () => {
  const accepted = await trawl.post('/api/v1/parsing/search', { body: { query: 'tea', filters: { min_subscribers: '1000' } } })
  exactly<string | undefined>().is(accepted.data?.search_id)
  const file = await trawl.get('/api/v1/parsing/{search_id}/export', { path: { search_id: 's' }, query: { format: 'csv' } })
  exactly<string | undefined>().is(file.data)
  await trawl.post('/api/v1/subscriptions/purchase', { body: { plan_type: 'month' }, headers: { 'Idempotency-Key': 'k' } })
  const me = await trawl.get('/api/v1/auth/me')
  return me.error?.error.requestId
}

export const stickers = async () => {
  const page = await trawl.get('/internal/stickersets/author/{authorId}', { path: { authorId: 42 }, query: { sort: 'title' } })
  exactly<'ACTIVE' | 'DELETED' | 'BLOCKED' | undefined>().is(page.data?.content[0]?.state)
  await trawl.post('/internal/stickersets', { query: { userId: 42 }, body: { name: 'tea_cats', visibility: 'PUBLIC' } })
  const gone = await trawl.delete('/internal/stickersets/{id}', { path: { id: 11 } })
  exactly<undefined>().is(gone.data)
}

export const ops = async () => {
  exactly<string | undefined>().is((await trawl.get('/metrics')).data)
  return (await trawl.get('/readyz')).data?.checks
}

export const refused = async () => {
  // @ts-expect-error there is no such path
  await trawl.get('/internal/nothing')
  // @ts-expect-error the path has no such method
  await trawl.delete('/internal/sources')
  // @ts-expect-error an address is text
  await trawl.post('/internal/sources', { body: { url: 1, type: 'list', site_key: 'tea' } })
  // @ts-expect-error the body is needed
  await trawl.post('/internal/workers/lease')
  // @ts-expect-error the id of the path is needed
  await trawl.get('/internal/sources/{id}', {})
  // @ts-expect-error the parameter has another name
  await trawl.get('/internal/sources/{id}', { path: { source: 1 } })
  // @ts-expect-error a query parameter that the route does not have
  await trawl.get('/internal/sources', { query: { sitekey: 'tea' } })
  const item = { title: 't', product_url: 'u', site_key: 's' }
  // @ts-expect-error a price is a number or a text
  await trawl.post('/internal/ingest-batch', { body: { source_id: 1, items: [{ ...item, price: true }] } })
  // @ts-expect-error there is no such type of task
  await trawl.post('/api/internal2/tasks', { body: { data: { id: 'a', type: 'FETCH_ALL', credentials: { accessToken: 'x' } } } })
  const path = { id: 'a' }
  // @ts-expect-error processed items are a number
  await trawl.post('/api/internal2/tasks/{id}/progress', { path, body: { type: 'progress', processedItems: 'three' } })
  // @ts-expect-error nobody can buy the free plan
  await trawl.post('/api/v1/subscriptions/purchase', { body: { plan_type: 'free' } })
  // @ts-expect-error the owner is needed
  await trawl.post('/internal/stickersets', { body: { name: 'tea_cats' } })
  // @ts-expect-error sets are not ordered by their owner
  await trawl.get('/internal/stickersets/author/{authorId}', { path: { authorId: 42 }, query: { sort: 'owner' } })
}
