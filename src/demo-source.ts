import { AppError } from './errors.ts'
import type { GiftyServices } from './gifty/services.ts'

/**
 * Seeds a new database with the demo shop as one hub source and forces its first run, so that a newcomer sees every step from
 * schedule to catalogue. Answers whether it did.
 */
export const seedDemo = async ({ sources, reports }: GiftyServices, origin: string): Promise<boolean> => {
  if (!(await sources.all({ limit: 1 }).next()).done || (await reports.stats()).products_total > 0) return false
  const hub = await sources.upsert({
    url: `${origin}/demo/shop`,
    type: 'hub',
    site_key: 'demo-shop',
    strategy: 'discovery',
    config: { worker: 'web', web: { delay_ms: 10 }, note: 'The shop this process serves itself' },
  })
  await sources.forceRun(hub.id, undefined).catch((error) => {
    // Another process on the same new database has run it already, which is all that is wanted.
    if (!(error instanceof AppError && error.code === 'already_running')) throw error
  })
  return true
}
