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
  await api.api.v1.auth.me.get()
  await api.internal.stickersets.categories.get()
}

export const refused = async () => {
  // @ts-expect-error there is no such route
  await api.internal.nothing.get()
  // @ts-expect-error an address is text
  await api.internal.sources.post({ url: 1, type: 'list', site_key: 'shop', strategy: 'deep' })
  // @ts-expect-error the parameter has another name
  await api.internal.sources({ source: 1 }).get()
}
