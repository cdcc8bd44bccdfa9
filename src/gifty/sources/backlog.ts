import { eq, gt, inArray, sql } from 'drizzle-orm'
import { DAY_MS } from '../../platform/clock.ts'
import { type Db, param, type Queryable, q, type Steps, type Tx } from '../../platform/db/index.ts'
import { SITE_KEY, tidyUrl } from '../fields.ts'
import { escapeHtml } from '../notifications.ts'
import type { ClientConfig } from './model.ts'
import { type SourceRow, sourcesColumns, type Tables, urlHash } from './row.ts'
import type { SourcesDeps } from './service.ts'

/** Discovered sources: how they come in, wait in the backlog and are activated within the quota of a day (gifty §2.2, §3.8). */
export const backlogQueries = (db: Db) => {
  const { sources } = sourcesColumns(db)
  const activated = db.prepare<{ used: number }>('sources_activated', (queries) =>
    queries
      .select({ used: sql<number>`count(*)`.mapWith(Number) })
      .from(sources)
      .where(gt(sources.activatedAt, param('since'))),
  )

  return {
    *existingUrlHashes(tx: Tx, hashes: string[]): Steps<Set<string>> {
      const found = new Set<string>()
      for (let from = 0; from < hashes.length; from += 500)
        for (const row of yield* q(
          tx
            .select({ urlHash: sources.urlHash })
            .from(sources)
            .where(inArray(sources.urlHash, hashes.slice(from, from + 500))),
        ))
          found.add(row.urlHash)
      return found
    },
    *existingSiteKeys(tx: Tx, keys: string[]): Steps<Set<string>> {
      const found = new Set<string>()
      for (let from = 0; from < keys.length; from += 500)
        for (const row of yield* q(
          tx
            .selectDistinct({ siteKey: sources.siteKey })
            .from(sources)
            .where(inArray(sources.siteKey, keys.slice(from, from + 500))),
        ))
          found.add(row.siteKey)
      return found
    },
    /** Inserts those whose URL is new; answers their rows. */
    *insertNew(tx: Tx, rows: Tables['parsingSources']['$inferInsert'][]): Steps<SourceRow[]> {
      const inserted: SourceRow[] = []
      for (let from = 0; from < rows.length; from += 200)
        inserted.push(
          ...(yield* q(
            tx
              .insert(sources)
              .values(rows.slice(from, from + 200))
              .onConflictDoNothing()
              .returning(),
          )),
        )
      return inserted
    },
    backlogTotal: async (): Promise<number> =>
      (
        await db.q
          .select({ total: sql<number>`count(*)`.mapWith(Number) })
          .from(sources)
          .where(eq(sources.status, 'discovered'))
      )[0]?.total ?? 0,
    /** Discovered sources that became active since `since`: the quota used. */
    *quotaUsed(tx: Queryable, since: Date): Steps<number> {
      return (yield* tx.run(activated, { since }))[0]?.used ?? 0
    },
    /** Makes waiting, active sources of those that are discovered. */
    *activate(tx: Tx, ids: number[], now: Date): Steps<void> {
      if (ids.length === 0) return
      yield tx
        .update(sources)
        .set({ isActive: true, status: 'waiting', nextSyncAt: now, updatedAt: now })
        .where(inArray(sources.id, ids))
        .returning({ id: sources.id })
    },
  }
}

const placeholderOf = (key: string) => tidyUrl(`https://${key}.placeholder`)

/** Spiders that a notification names. */
const MAX_NAMED = 30
const newSpidersText = (spiders: string[]): string => {
  const named = spiders.slice(0, MAX_NAMED).map((key) => `<b>${escapeHtml(key)}</b>`)
  const more = spiders.length > MAX_NAMED ? ` and ${spiders.length - MAX_NAMED} more` : ''
  return `New spiders: ${spiders.length}\n${named.join(', ')}${more}\nSet the url of each and switch it on: it is in the list of sources, inactive.`
}

/** Sources that no person created: discovered categories with their backlog and quota, and hubs that spiders register (gifty §2.2, §3.8). */
export const createBacklog = ({ db, clock, repository, notifications, discoveryDailyQuota }: SourcesDeps) => {
  return {
    /** Each spider that no source belongs to becomes an inactive hub (gifty §2.2). */
    syncSpiders: (spiders: string[]) =>
      db.tx(function* (tx) {
        const now = new Date(clock.now())
        const distinct = [...new Set(spiders)]
        const rejected = distinct.filter((key) => !SITE_KEY.test(key))
        const keys = distinct.filter((key) => SITE_KEY.test(key))
        const known = yield* repository.existingSiteKeys(tx, keys)
        const fresh = keys.filter((key) => !known.has(key))
        const rows = yield* repository.insertNew(
          tx,
          fresh.map((key) => ({
            url: placeholderOf(key),
            urlHash: urlHash(placeholderOf(key)),
            type: 'hub',
            siteKey: key,
            strategy: 'discovery' as const,
            priority: 50,
            refreshIntervalHours: 24,
            isActive: false,
            overlap: 'skip' as const,
            status: 'waiting',
            nextSyncAt: now,
            config: { is_new: true, note: 'Reported by a spider: set the url and switch the source on' },
            createdAt: now,
            updatedAt: now,
          })),
        )
        const created = new Set(rows.map((row) => row.siteKey))
        const newSpiders = fresh.filter((key) => created.has(key))
        if (newSpiders.length > 0)
          yield* notifications.add(tx, [
            { topic: 'scraping', text: newSpidersText(newSpiders), data: { new_spiders: newSpiders } },
          ])
        return { status: 'ok' as const, new_spiders: newSpiders, rejected }
      }),
    activate: (ids: number[]) =>
      db.tx(function* (tx) {
        const now = new Date(clock.now())
        const distinct = [...new Set(ids)]
        const rows = new Map((yield* repository.lockMany(tx, distinct)).map((row) => [row.id, row]))
        const skipped: { source_id: number; reason: 'not_found' | 'not_discovered' }[] = []
        const chosen: number[] = []
        for (const id of distinct) {
          const row = rows.get(id)
          if (row?.status === 'discovered') chosen.push(id)
          else skipped.push({ source_id: id, reason: row ? 'not_discovered' : 'not_found' })
        }
        yield* repository.activate(tx, chosen, now)
        return { status: 'ok' as const, activated_count: chosen.length, skipped }
      }),
    async backlogStats() {
      const [used, total] = await Promise.all([
        db.read((tx) => repository.quotaUsed(tx, new Date(clock.now() - DAY_MS))),
        repository.backlogTotal(),
      ])
      return {
        discovered_today: used,
        quota: discoveryDailyQuota,
        remaining: Math.max(0, discoveryDailyQuota - used),
        backlog_total: total,
      }
    },

    /**
     * Stores categories a batch found, those whose URL is new (gifty §3.8): as many as the day's quota leaves start active, the
     * rest wait in the backlog. `web` sources hand their worker on.
     */
    *discover(
      tx: Tx,
      found: { url: string; name: string; siteKey: string; parentUrl: string | null }[],
      parent: SourceRow | undefined,
      now: Date,
    ): Steps<number> {
      if (found.length === 0) return 0
      const unknown = function* (categories: typeof found): Steps<typeof found> {
        const known = yield* repository.existingUrlHashes(
          tx,
          categories.map((category) => urlHash(category.url)),
        )
        return categories.filter((category) => !known.has(urlHash(category.url)))
      }
      const maybeFresh = yield* unknown(found)
      if (maybeFresh.length === 0) return 0
      // Concurrent batches count the quota one after the other, or two would both take the last of it. What another one has stored
      // meanwhile is read again, or its categories would take the places of new ones.
      yield* tx.exclusive('gifty.discovery-quota')
      const fresh = yield* unknown(maybeFresh)
      if (fresh.length === 0) return 0
      const used = yield* repository.quotaUsed(tx, new Date(now.getTime() - DAY_MS))
      const left = Math.max(0, discoveryDailyQuota - used)
      const inherited: ClientConfig =
        parent?.config.worker === 'web'
          ? { worker: 'web', ...(parent.config.web === undefined ? {} : { web: parent.config.web }) }
          : {}
      const rows = yield* repository.insertNew(
        tx,
        fresh
          .map((category, index) => ({
            url: category.url,
            urlHash: urlHash(category.url),
            type: 'list',
            siteKey: category.siteKey,
            strategy: 'deep' as const,
            priority: 50,
            refreshIntervalHours: 24,
            isActive: index < left,
            overlap: 'skip' as const,
            status: index < left ? 'waiting' : 'discovered',
            nextSyncAt: now,
            config: {
              discovery_name: category.name,
              parent_url: category.parentUrl,
              discovered_at: now.toISOString(),
              ...inherited,
            },
            discoveredAt: now,
            activatedAt: index < left ? now : null,
            createdAt: now,
            updatedAt: now,
          }))
          .sort((a, b) => (a.urlHash < b.urlHash ? -1 : 1)),
      )
      return rows.length
    },
  }
}
