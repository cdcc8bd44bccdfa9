import { treaty } from '@elysiajs/eden'
import type { App } from '../../src/app.ts'

/** Compiled by `bun run check`, never run: what a typed client of `App` may call in each family, and what it may not. */
const api = treaty<App>('http://localhost:3000')

export const calls = async () => {
  await api.internal.sources.get({ query: { limit: 10 } })
  await api.internal.sources.post({ url: 'https://shop.example', type: 'list', site_key: 'shop', strategy: 'deep' })
  await api.internal.sources({ id: 1 }).get()
  await api.analytics.funnel.get()
  await api.api.internal2.tasks.get({ query: { limit: 10, offset: 0 } })
  await api.api.internal2.tasks({ id: 't' }).progress.post({ type: 'progress', processed: 5 })
  await api.api.v1.auth.me.get()
  await api.internal.stickersets.categories.get()
}

/** Answers are typed by the `response` of their routes, errors by status. */
export const answers = async () => {
  const source = await api.internal.sources({ id: 1 }).get()
  const siteKey: string | undefined = source.data?.site_key
  const me = await api.api.v1.auth.me.get()
  const phone: string | null | undefined = me.data?.phone_number
  const set = await api.internal.stickersets({ id: 1 }).get({ query: { shortInfo: true } })
  const title: string | undefined = set.data?.title
  if (set.error?.status === 404) return set.error.value.message
  const progress = await api.api.internal2.tasks({ id: 't' }).progress.get()
  const processed: number | undefined = progress.data?.data.progress.processed
  // @ts-expect-error the answer has no such member
  return [siteKey, phone, title, processed, source.data?.nothing]
}

export const refused = async () => {
  // @ts-expect-error there is no such route
  await api.internal.nothing.get()
  // @ts-expect-error an address is text
  await api.internal.sources.post({ url: 1, type: 'list', site_key: 'shop', strategy: 'deep' })
  // @ts-expect-error the parameter has another name
  await api.internal.sources({ source: 1 }).get()
  // @ts-expect-error a count is a number
  await api.api.internal2.tasks({ id: 't' }).progress.post({ type: 'progress', processed: '5' })
  // @ts-expect-error there is no such order
  await api.internal.stickersets.author({ authorId: 1 }).get({ query: { sort: 'size' } })
}
