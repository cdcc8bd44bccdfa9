import { accessTables } from '../../src/access/tables.ts'
import type { Rig } from './rig.ts'

/** Stores a subscriber as the Telegram routes would. */
export const subscriber = async (
  app: Rig,
  chatId: number,
  role: 'user' | 'admin' | 'superadmin' = 'admin',
  isActive = true,
): Promise<void> => {
  const { subscribers } = accessTables(app.db.kit)
  const now = new Date(app.clock.now())
  await app.db.tx(function* (tx) {
    yield tx
      .insert(subscribers)
      .values({ chatId, role, isActive, permissions: [], createdAt: now, updatedAt: now })
      .returning({ id: subscribers.id })
  })
}

/** Headers of a dashboard token for a chat. */
export const bearerOf = async (app: Rig, chatId: number, ttlSeconds = 3600): Promise<Record<string, string>> => ({
  authorization: `Bearer ${await app.dashboard.sign({ sub: String(chatId), role: 'admin', jti: `j${chatId}` }, ttlSeconds)}`,
})

/** A stored admin's headers. */
export const adminOf = async (app: Rig, chatId: number): Promise<Record<string, string>> => {
  await subscriber(app, chatId)
  return bearerOf(app, chatId)
}
