import { treaty } from '@elysiajs/eden'
import type { App } from '../../src/app.ts'
import { exactly } from './client.ts'

/**
 * Compiled by `bun run check`, never run: what a typed client of `App` may call in each family, and what it may not. Eden knows what the
 * handlers say of themselves; where one answers a `Response`, only `trawl/client` knows the body.
 */
const api = treaty<App>('http://localhost:3000')

export const gifty = async () => {
  await api.internal.sources.get({ query: { limit: 10 } })
  const source = await api.internal.sources.post({
    url: 'https://shop.example',
    type: 'list',
    site_key: 'shop',
    strategy: 'deep',
  })
  exactly<number | undefined>().is(source.data?.id)
  const detail = await api.internal.sources({ id: 1 }).get()
  exactly<'deep' | 'discovery' | undefined>().is(detail.data?.strategy)
  await api.internal.sources({ id: 1 }).patch({ priority: 80 })
  await api.internal.sources({ id: 1 })['force-run'].post({ strategy: 'deep' })
  const leased = await api.internal.workers.lease.post({ worker_id: 'w', max: 1, lease_seconds: 60, wait_seconds: 0 })
  for (const task of leased.data?.tasks ?? []) if (task.kind === 'scoring') exactly<string>().is(task.payload.content_hash)
  await api.internal.workers.tasks({ id: 't' }).complete.post({ worker_id: 'w', fence: 1, result: {} })
  const found = await api.internal.products.search.post({ query: 'tea', limit: 5 })
  exactly<number | undefined>().is(found.data?.results[0]?.similarity)
  await api.internal.categories.tree.put([{ id: 1, name: 'Tea' }])
  await api.internal.telegram.subscribers({ chat_id: 1 }).role.post({}, { query: { role: 'admin' } })
  const funnel = await api.analytics.funnel.get()
  exactly<number | undefined>().is(funnel.data?.steps[0]?.count)
}

export const crawler = async () => {
  const list = await api.api.internal2.tasks.get({ query: { limit: 10, offset: 0 } })
  exactly<boolean | undefined>().is(list.data?.meta.hasMore)
  const detail = await api.api.internal2.tasks({ id: 't' }).get()
  exactly<number | undefined>().is(detail.data?.data.metadata.attempts)
  const leased = await api.api.internal2.tasks.lease.post({ workerId: 'w', max: 1, leaseSeconds: 60, waitSeconds: 0 })
  exactly<string | undefined>().is(leased.data?.data[0]?.credentials.accessToken)
  const progress = await api.api.internal2.tasks({ id: 't' }).progress.post({ type: 'progress', processedItems: 3 })
  exactly<'acknowledged' | undefined>().is(progress.data?.data.status)
}

export const loveParser = async () => {
  const me = await api.api.v1.auth.me.get()
  exactly<string | undefined>().is(me.data?.id)
  await api.api.v1.parsing.search.post({ query: 'tea' })
  const entry = await api.api.v1.parsing({ search_id: 's' }).get()
  exactly<number | undefined>().is(entry.data?.results_count)
  await api.api.v1.audience({ segment_id: 's' }).preview.get({ query: { limit: 10 } })
  await api.api.v1.subscriptions.purchase.post({ plan_type: 'month' })
  const current = await api.api.v1.subscriptions.current.get()
  exactly<'active' | 'expired' | undefined>().is(current.data?.status)
}

export const stickers = async () => {
  await api.internal.stickersets.categories.get()
  await api.internal.stickersets({ id: 11 }).get({ query: { shortInfo: true } })
  await api.internal.stickersets({ id: 11 }).publish.post()
}

export const ops = async () => {
  const lives = await api.livez.get()
  exactly<'ok' | undefined>().is(lives.data?.status)
}

export const refused = async () => {
  // @ts-expect-error there is no such route
  await api.internal.nothing.get()
  // @ts-expect-error an address is text
  await api.internal.sources.post({ url: 1, type: 'list', site_key: 'shop', strategy: 'deep' })
  // @ts-expect-error the parameter has another name
  await api.internal.sources({ source: 1 }).get()
  // @ts-expect-error there is no such strategy
  await api.internal.sources({ id: 1 })['force-run'].post({ strategy: 'wide' })
  // @ts-expect-error the fence is needed
  await api.internal.workers.tasks({ id: 't' }).complete.post({ worker_id: 'w' })
  // @ts-expect-error there is no such role
  await api.internal.telegram.subscribers({ chat_id: 1 }).role.post({}, { query: { role: 'king' } })
  // @ts-expect-error the route has no such method
  await api.api.internal2.tasks({ id: 't' }).patch({})
  // @ts-expect-error nobody can buy the free plan
  await api.api.v1.subscriptions.purchase.post({ plan_type: 'free' })
  // @ts-expect-error a search needs its words
  await api.api.v1.parsing.search.post({})
  // @ts-expect-error the parameter is the owner's id
  await api.internal.stickersets.author({ id: 42 }).get()
}
