import { SignJWT } from 'jose'
import { CATEGORIES, PLANS } from '../../src/love-parser/subscriptions/periods.ts'
import { accountsTables, audienceTables, channelSearchTables, subscriptionsTables } from '../../src/love-parser/tables.ts'
import { openDatabase } from '../../src/platform/db/open.ts'
import { seededRandom } from './rig.ts'

export interface LoveParserData {
  userId: string
  token: string
  /** A search with 1,000 channels, one with `exportRows`, and searches that wait. */
  searchId: string
  exportId: string
  pending: string[]
}
const id = (n: number) => `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`

/** A person with a plan, 40 searches, 10 segments and channels, in a database of its own. */
export const seedLoveParser = async (
  path: string,
  { secret, exportRows, waiting }: { secret: string; exportRows: number; waiting: number },
): Promise<LoveParserData> => {
  const db = await openDatabase({ url: `sqlite:${path}`, synchronous: 'NORMAL' })
  const { users } = accountsTables(db.kit)
  const { subscriptions, usage } = subscriptionsTables(db.kit)
  const { parsingHistory, parsedChannels } = channelSearchTables(db.kit)
  const { audienceSegments } = audienceTables(db.kit)
  const now = new Date()
  const end = new Date(now.getTime() + 20 * 86_400_000)
  const userId = id(1)
  const at = { createdAt: now, updatedAt: now }
  const random = seededRandom(7)
  const channel = (searchId: string, n: number) => ({
    searchId,
    channelId: `sim-${n}`,
    title: `A channel about crypto, number ${n}`,
    username: `channel_${n}`,
    memberCount: Math.floor(random() * 500_000),
    activityScore: Math.round(random() * 100) / 100,
    activityLevel: 'medium' as const,
    description: `What this channel is about; one line of text as people write it, ${n}`,
    language: 'en',
    lastPost: now,
  })
  await db.tx(function* (tx) {
    yield tx
      .insert(users)
      .values({
        id: userId,
        telegramId: 42,
        phoneNumber: '+79990000000',
        telegramUsername: 'bench',
        fullName: 'Bench Mark',
        status: 'active',
        profile: { telegram: { firstName: 'Bench', lastName: 'Mark', photoId: '1' } },
        ...at,
      })
      .returning()
    yield tx
      .insert(subscriptions)
      .values({
        id: id(2),
        userId,
        planCode: 'month',
        planName: PLANS.month.name,
        status: 'active',
        startedAt: now,
        expiresAt: end,
        metadata: {},
        ...at,
      })
      .returning()
    yield tx
      .insert(usage)
      .values(
        CATEGORIES.map((category) => ({
          userId,
          category,
          limitValue: 50,
          consumedValue: 3,
          resetsAt: end,
          period: 1,
          updatedAt: now,
        })),
      )
      .returning()
    const search = (n: number, status: 'completed' | 'pending', count: number) => ({
      id: id(100 + n),
      userId,
      query: `query ${n}`,
      filters: { language: 'en', min_subscribers: 1000 },
      status,
      source: 'sandbox' as const,
      resultCount: count,
      taskId: id(100_000 + n),
      quotaPeriod: 1,
      snapshot: {
        searchId: id(100 + n),
        status,
        progress: 0,
        current: 0,
        total: 0,
        attempt: 0,
        source: 'sandbox' as const,
        updated_at: now.toISOString(),
        version: 1,
      },
      createdAt: new Date(now.getTime() - 1000 * (1000 + n)),
      updatedAt: now,
      completedAt: status === 'completed' ? now : null,
    })
    yield tx
      .insert(parsingHistory)
      .values([search(0, 'completed', 1000), search(1, 'completed', exportRows)])
      .returning()
    yield tx
      .insert(parsingHistory)
      .values([
        ...Array.from({ length: 38 }, (_, n) => search(2 + n, 'completed', 0)),
        ...Array.from({ length: waiting }, (_, n) => search(1000 + n, 'pending', 0)),
      ])
      .returning()
    for (const [searchId, count] of [
      [id(100), 1000],
      [id(101), exportRows],
    ] as const)
      for (let from = 0; from < count; from += 500)
        yield tx
          .insert(parsedChannels)
          .values(Array.from({ length: Math.min(500, count - from) }, (_, n) => channel(searchId, from + n)))
          .returning({ id: parsedChannels.channelId })
    yield tx
      .insert(audienceSegments)
      .values(
        Array.from({ length: 10 }, (_, n) => ({
          id: id(5000 + n),
          userId,
          name: `Segment ${n}`,
          description: null,
          filters: { language: 'en' },
          sourceParsingId: id(100),
          totalRecipients: 100,
          status: 'ready' as const,
          quotaPeriod: 1,
          createdAt: new Date(now.getTime() - n * 1000),
          updatedAt: now,
        })),
      )
      .returning()
  })
  await db.close()
  const token = await new SignJWT({ sub: userId, sessionId: id(3), telegramId: '42' })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt()
    .setExpirationTime('30d')
    .sign(new TextEncoder().encode(secret))
  return { userId, token, searchId: id(100), exportId: id(101), pending: Array.from({ length: waiting }, (_, n) => id(1100 + n)) }
}
