import { sqliteKit } from '../src/platform/db/kit.ts'
import { allTables } from '../src/schema.ts'

// drizzle-kit finds tables among the named exports of this module only.
export const {
  tasks,
  taskGroups,
  schedules,
  scheduleSkips,
  outbox,
  subscribers,
  parsingSources,
  parsingRuns,
  products,
  productPrices,
  categoryMaps,
  idempotencyKeys,
  workerHeartbeats,
  stickersets,
  stickerCategories,
  stickersetCategories,
  stickersetDescriptions,
  stickersetLikes,
  stickersetAudit,
  stickerProfiles,
  stickerArtTransactions,
  stickersetTelegramCache,
} = allTables(sqliteKit)
