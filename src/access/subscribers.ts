import { and, asc, eq, gt, inArray, isNotNull, type SQL } from 'drizzle-orm'
import { bytewise, type Db, inJsonList, param, type Queryable, q, type Steps, type Tx } from '../platform/db/index.ts'
import { accessTables } from './tables.ts'

export { ROLES } from './tables.ts'

type Tables = ReturnType<typeof accessTables>
/** A subscriber without the hash of an invite's password, which only a claim may read. */
export type SubscriberRow = Omit<Tables['subscribers']['$inferSelect'], 'invitePasswordHash'>
export type SubscriberChange = Partial<Omit<Tables['subscribers']['$inferInsert'], 'id'>>
export type Role = SubscriberRow['role']

/** The recipients of a topic: active, reachable, subscribed to it or to `all` (gifty §7). */
export interface SubscriberFilter {
  topic?: string
  afterId?: number
  limit: number
}

/** All queries of subscribers and their topics: several families' credentials name them, so they belong to none. */
export const createSubscriberQueries = (db: Db) => {
  const { subscribers, subscriberTopics: topics } = accessTables(db.kit)
  const subscriberColumns = {
    id: subscribers.id,
    chatId: subscribers.chatId,
    slug: subscribers.slug,
    name: subscribers.name,
    mentorId: subscribers.mentorId,
    language: subscribers.language,
    isActive: subscribers.isActive,
    role: subscribers.role,
    permissions: subscribers.permissions,
    createdAt: subscribers.createdAt,
    updatedAt: subscribers.updatedAt,
  }
  const byChat = db.prepare<SubscriberRow>('subscriber_by_chat', (queries) =>
    queries
      .select(subscriberColumns)
      .from(subscribers)
      .where(eq(subscribers.chatId, param('chatId'))),
  )
  const byId = db.prepare<SubscriberRow>('subscriber_by_id', (queries) =>
    queries
      .select(subscriberColumns)
      .from(subscribers)
      .where(eq(subscribers.id, param('id'))),
  )
  const bySlug = db.prepare<SubscriberRow>('subscriber_by_slug', (queries) =>
    queries
      .select(subscriberColumns)
      .from(subscribers)
      .where(eq(subscribers.slug, param('slug'))),
  )
  const topicsOfMany = db.prepare<{ subscriberId: number; topic: string }>('topics_of_subscribers', (queries) =>
    queries
      .select({ subscriberId: topics.subscriberId, topic: topics.topic })
      .from(topics)
      .where(inJsonList(db, topics.subscriberId, 'ids'))
      .orderBy(asc(topics.subscriberId), bytewise(db, topics.topic)),
  )
  const subscribe = db.prepare<{ topic: string }>('topic_add', (queries) =>
    queries
      .insert(topics)
      .values({ subscriberId: param('id'), topic: param('topic'), createdAt: param('now') } as never)
      .onConflictDoNothing()
      .returning({ topic: topics.topic }),
  )
  const grouped = (rows: { subscriberId: number; topic: string }[]): Map<number, string[]> => {
    const found = new Map<number, string[]>()
    for (const { subscriberId, topic } of rows) {
      const known = found.get(subscriberId)
      if (known) known.push(topic)
      else found.set(subscriberId, [topic])
    }
    return found
  }

  function* find(tx: Queryable, key: { id: number } | { slug: string } | { chatId: number }): Steps<SubscriberRow | undefined> {
    return (yield* tx.run('id' in key ? byId : 'slug' in key ? bySlug : byChat, key))[0]
  }

  return {
    /** For the test of their plans. */
    statements: { byChat, bySlug, topicsOfMany },
    find,
    /** Reads without a lock. */
    byChat: (chatId: number): Promise<SubscriberRow | undefined> => db.read((tx) => find(tx, { chatId })),
    /** A page by id. */
    list: ({ topic, afterId, limit }: SubscriberFilter): Promise<SubscriberRow[]> => {
      const wanted: (SQL | undefined)[] = [afterId === undefined ? undefined : gt(subscribers.id, afterId)]
      if (topic !== undefined)
        wanted.push(
          eq(subscribers.isActive, true),
          isNotNull(subscribers.chatId),
          inArray(
            subscribers.id,
            db.q
              .select({ id: topics.subscriberId })
              .from(topics)
              .where(inArray(topics.topic, [topic, 'all'])),
          ),
        )
      return db.q
        .select(subscriberColumns)
        .from(subscribers)
        .where(and(...wanted))
        .orderBy(asc(subscribers.id))
        .limit(limit)
    },
    /** Topics by subscriber, each list in byte order. */
    *topicsOf(tx: Queryable, ids: number[]): Steps<Map<number, string[]>> {
      return ids.length === 0 ? new Map() : grouped(yield* tx.run(topicsOfMany, { ids: JSON.stringify(ids) }))
    },
    *lockByChat(tx: Tx, chatId: number): Steps<SubscriberRow | undefined> {
      return (yield* q(tx.forUpdate(tx.select(subscriberColumns).from(subscribers).where(eq(subscribers.chatId, chatId)))))[0]
    },
    /** An invite as a claim needs it, locked: with the hash of its password, null once it is claimed. */
    *lockInvite(tx: Tx, slug: string): Steps<(SubscriberRow & { invitePasswordHash: string | null }) | undefined> {
      return (yield* q(
        tx.forUpdate(
          tx
            .select({ ...subscriberColumns, invitePasswordHash: subscribers.invitePasswordHash })
            .from(subscribers)
            .where(eq(subscribers.slug, slug)),
        ),
      ))[0]
    },
    /** Undefined when the chat id or the slug is taken. */
    *insert(tx: Tx, row: Tables['subscribers']['$inferInsert']): Steps<SubscriberRow | undefined> {
      return (yield* q(tx.insert(subscribers).values(row).onConflictDoNothing().returning(subscriberColumns)))[0]
    },
    *update(tx: Tx, id: number, change: SubscriberChange): Steps<SubscriberRow> {
      const [row] = yield* q(tx.update(subscribers).set(change).where(eq(subscribers.id, id)).returning(subscriberColumns))
      return row as SubscriberRow
    },
    /** Answers whether the topic is new. */
    *addTopic(tx: Tx, id: number, topic: string, now: Date): Steps<boolean> {
      return (yield* tx.run(subscribe, { id, topic, now })).length > 0
    },
    *removeTopic(tx: Tx, id: number, topic: string): Steps<boolean> {
      const gone = yield* q(
        tx
          .delete(topics)
          .where(and(eq(topics.subscriberId, id), eq(topics.topic, topic)))
          .returning({ topic: topics.topic }),
      )
      return gone.length > 0
    },
  }
}
export type SubscriberQueries = ReturnType<typeof createSubscriberQueries>
