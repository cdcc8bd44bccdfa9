import { and, asc, eq } from 'drizzle-orm'
import {
  createNotifications,
  NOTIFICATION_TOPIC,
  type NotificationMessage,
  notificationsKind,
  notificationsRepository,
} from '../../../src/love-parser/notifications.ts'
import { createScheduledWork, jobKind } from '../../../src/love-parser/scheduled-work.ts'
import type { Category, PlanCode } from '../../../src/love-parser/subscriptions/periods.ts'
import type { RobokassaConfig } from '../../../src/love-parser/subscriptions/purchases.ts'
import type { SubscriptionRow } from '../../../src/love-parser/subscriptions/repository.ts'
import { createSubscriptions } from '../../../src/love-parser/subscriptions/service.ts'
import {
  accountsTables,
  audienceTables,
  channelSearchTables,
  notificationsTables,
  type Profile,
  subscriptionsTables,
} from '../../../src/love-parser/tables.ts'
import { createId } from '../../../src/platform/clock.ts'
import { type Db, q } from '../../../src/platform/db/index.ts'
import { createMetrics } from '../../../src/platform/metrics.ts'
import { createOutbox, createSchedules } from '../../../src/tasks/index.ts'
import type { TestDatabase } from '../../support/databases.ts'
import { engineOver } from '../../support/engine.ts'
import { type FakeClock, fakeClock } from '../../support/fake-clock.ts'
import { neighbours } from './neighbours.ts'

export const START = Date.parse('2026-01-01T00:00:00.000Z')

/** The shop of the contract's golden values. */
export const SHOP: RobokassaConfig = {
  merchantLogin: 'demo',
  passwords: { link: 'pw1', notification: 'pw2' },
  testPasswords: { link: 'test1', notification: 'test2' },
  isTest: false,
  testAllowed: true,
  hash: 'sha256',
  allowedIps: [],
  invIdStart: 1,
  paymentUrl: 'https://auth.robokassa.ru/Merchant/Index.aspx',
}

export interface RigOptions {
  shop?: Partial<RobokassaConfig>
  broker?: boolean
}

/** One process of the family's paid side over a database: services, scheduled work and an engine, with a given clock. */
const process = async (db: Db, clock: FakeClock, { shop = {}, broker = false }: RigOptions) => {
  const { bus, engine, lease } = await engineOver(db, { kinds: [jobKind, notificationsKind], clock })
  const sent: NotificationMessage[] = []
  bus.subscribe(NOTIFICATION_TOPIC, (message) => sent.push(message))
  const { touchUser, activeUsers, channelsOf, deleteUserData } = neighbours(db)
  const notifications = createNotifications({
    clock,
    bus,
    repository: notificationsRepository(db),
    engine,
    channelsOf,
    ...(broker ? { outbox: createOutbox({ db, clock, bus }) } : {}),
  })
  const config = { ...SHOP, ...shop }
  const subscriptions = createSubscriptions({ db, clock, config, notifications, touchUser, activeUsers, deleteUserData })
  const metrics = createMetrics({ version: 'test', dialect: db.dialect })
  const work = createScheduledWork({ db, clock, metrics, engine, subscriptions, purges: [] })
  const handlers: Record<string, (task: { payload: unknown }) => Promise<void>> = {
    [jobKind.kind]: work.run,
    [notificationsKind.kind]: notifications.send,
  }
  return {
    engine,
    bus,
    sent,
    metrics,
    notifications,
    subscriptions,
    work,
    schedules: createSchedules(db, clock, work.schedules),
    /** Runs what the engine has ready until there is nothing, as the in-process runner does. */
    async drain(owner = 'runner'): Promise<number> {
      for (let ran = 0; ; ran++) {
        const [task] = await lease(owner, 1, Object.keys(handlers))
        if (!task) return ran
        await handlers[task.kind]!(task)
        await engine.complete(owner, [{ id: task.id, fence: task.fence }], [task.kind])
      }
    },
  }
}

/** Services over an empty database with a standing clock, and people to use them. */
export const makeRig = async (database: TestDatabase, options: RigOptions = {}) => {
  const db = await database.fresh()
  const clock = fakeClock(START)
  const one = await process(db, clock, options)
  const { users } = accountsTables(db.kit)
  const { subscriptions, usage, payments } = subscriptionsTables(db.kit)
  const { notifications } = notificationsTables(db.kit)
  const { parsingHistory, parsedChannels } = channelSearchTables(db.kit)
  const { audienceSegments } = audienceTables(db.kit)
  const now = () => new Date(clock.now())
  let made = 0

  const user = async (profile: Profile = {}, status: 'active' | 'blocked' = 'active'): Promise<string> => {
    const id = createId(clock)
    const telegramId = 7_000_000_000 + ++made
    await db.tx((tx) =>
      q(
        tx
          .insert(users)
          .values({ id, telegramId, status, profile, createdAt: now(), updatedAt: now() })
          .returning({ id: users.id }),
      ),
    )
    return id
  }
  const rig = {
    ...one,
    db,
    clock,
    now,
    /** The same process once more, over another connection where the dialect has one. */
    another: async () => process(await database.second(), clock, options),
    user,
    /** A person after the first login. */
    async free(profile?: Profile): Promise<string> {
      const id = await user(profile)
      await db.tx((tx) => one.subscriptions.ensureFree(tx, id, now()))
      return id
    },
    block: (id: string, status: 'active' | 'blocked' = 'blocked') =>
      db.tx((tx) => q(tx.update(users).set({ status }).where(eq(users.id, id)).returning({ id: users.id }))),
    /** A subscription as an older system may have left it. */
    async row(userId: string, more: Partial<SubscriptionRow> & { expiresAt: Date }): Promise<string> {
      const id = createId(clock)
      const row = {
        id,
        userId,
        planCode: 'month',
        planName: null,
        status: 'active' as const,
        startedAt: now(),
        metadata: {},
        createdAt: now(),
        updatedAt: now(),
        ...more,
      }
      await db.tx((tx) => q(tx.insert(subscriptions).values(row).returning({ id: subscriptions.id })))
      return id
    },
    rowsOf: (userId: string) =>
      db.q.select().from(subscriptions).where(eq(subscriptions.userId, userId)).orderBy(asc(subscriptions.expiresAt)),
    usageOf: async (userId: string, category: Category = 'parsing') =>
      (
        await db.q
          .select()
          .from(usage)
          .where(and(eq(usage.userId, userId), eq(usage.category, category)))
      )[0],
    paymentsOf: (userId: string) =>
      db.q.select().from(payments).where(eq(payments.userId, userId)).orderBy(asc(payments.orderNumber)),
    revisionOf: async (userId: string) => (await db.q.select().from(users).where(eq(users.id, userId)))[0]!.revision,
    notificationsOf: (userId: string) =>
      db.q.select().from(notifications).where(eq(notifications.userId, userId)).orderBy(asc(notifications.createdAt)),
    view: (userId: string) => one.subscriptions.view(userId, now()),
    reserve: (userId: string, category: Category = 'parsing', on = one, over = db) =>
      over.tx(function* (tx) {
        yield* on.subscriptions.requireActive(tx, userId, now())
        return yield* on.subscriptions.reserve(tx, userId, category, now())
      }),
    release: (userId: string, period: number | number[], category: Category = 'parsing') =>
      db.tx((tx) =>
        one.subscriptions.release(
          tx,
          category,
          [period].flat().map((of) => ({ userId, period: of })),
          now(),
        ),
      ),
    ensureFree: (userId: string) => db.tx((tx) => one.subscriptions.ensureFree(tx, userId, now())),
    order: (userId: string, plan: Exclude<PlanCode, 'free'> = 'month') =>
      db.tx((tx) => one.subscriptions.purchase(tx, userId, plan, now())),
    /** A bought and paid plan. */
    async buy(userId: string, plan: Exclude<PlanCode, 'free'> = 'month'): Promise<number> {
      const { order_id } = await rig.order(userId, plan)
      await one.subscriptions.receivePayment(
        paid(order_id, `${{ week: 450, month: 950, year: 5750 }[plan]}.00`, {}, options.shop?.isTest ? 'test2' : 'pw2'),
        '1.2.3.4',
      )
      return Number(order_id)
    },
    /** A finished search with one channel, and a segment of it. */
    async data(userId: string): Promise<void> {
      const id = createId(clock)
      const times = { createdAt: now(), updatedAt: now() }
      await db.tx(function* (tx) {
        yield* q(
          tx
            .insert(parsingHistory)
            .values({
              id,
              userId,
              query: 'crypto',
              filters: {},
              status: 'completed',
              source: 'sandbox',
              snapshot: {} as never,
              taskId: createId(clock),
              ...times,
            })
            .returning({ id: parsingHistory.id }),
        )
        yield* q(
          tx
            .insert(parsedChannels)
            .values({ searchId: id, channelId: 'sim-1', memberCount: 1, activityScore: 0.5, activityLevel: 'medium' })
            .returning({ id: parsedChannels.channelId }),
        )
        yield* q(
          tx
            .insert(audienceSegments)
            .values({
              id: createId(clock),
              userId,
              name: 'all',
              filters: {},
              sourceParsingId: id,
              totalRecipients: 1,
              status: 'ready',
              ...times,
            })
            .returning({ id: audienceSegments.id }),
        )
      })
    },
    /** All there is, in the order in which it changes. */
    everything: async () => ({
      users: (await db.q.select({ id: users.id }).from(users)).map((row) => row.id),
      subscriptions: await db.q.select().from(subscriptions).orderBy(asc(subscriptions.expiresAt)),
      usage: await db.q.select().from(usage),
      notifications: await db.q.select().from(notifications).orderBy(asc(notifications.createdAt)),
      payments: await db.q.select().from(payments).orderBy(asc(payments.orderNumber)),
      searches: await db.q.select({ userId: parsingHistory.userId }).from(parsingHistory),
    }),
    searchesOf: async (userId: string) =>
      (await db.q.select({ id: parsingHistory.id }).from(parsingHistory).where(eq(parsingHistory.userId, userId))).length,
  }
  return rig
}
export type Rig = Awaited<ReturnType<typeof makeRig>>

/** A correctly signed form notification. */
export const paid = (invId: string, outSum: string, more: Record<string, unknown> = {}, password2 = 'pw2') => ({
  SignatureValue: new Bun.CryptoHasher('sha256').update(`${outSum}:${invId}:${password2}`).digest('hex'),
  InvId: invId,
  OutSum: outSum,
  Sum: undefined,
  MerchantLogin: undefined,
  IsTest: undefined,
  OutSumCurrency: undefined,
  shp: [],
  json: false,
  ...more,
})

/** What a promise is refused with: `[status, code, details]`. */
export const refusal = async (promise: Promise<unknown>): Promise<[number, string, unknown]> => {
  try {
    await promise
  } catch (error) {
    const { status, code, details } = error as { status: number; code: string; details: unknown }
    if (status === undefined) throw error
    return [status, code, details]
  }
  throw new Error('it was not refused')
}
