import { accessTables } from './access/tables.ts'
import { engineTables } from './engine/tables.ts'
import { catalogTables } from './gifty/catalog/tables.ts'
import { categoriesTables } from './gifty/categories/tables.ts'
import { fleetTables } from './gifty/fleet/tables.ts'
import { ingestionTables } from './gifty/ingestion/tables.ts'
import { searchTables } from './gifty/search/tables.ts'
import { sourcesTables } from './gifty/sources/tables.ts'
import { workLeasesTables } from './gifty/work-leases/tables.ts'
import { accountsTables } from './love-parser/accounts/tables.ts'
import { audienceTables } from './love-parser/audience/tables.ts'
import { channelSearchTables } from './love-parser/channel-search/tables.ts'
import { replayTables } from './love-parser/idempotency/tables.ts'
import { notificationsTables } from './love-parser/notifications/tables.ts'
import { subscriptionsTables } from './love-parser/subscriptions/tables.ts'
import { telegramAuthTables } from './love-parser/telegram-auth/tables.ts'
import type { Kit } from './platform/db/kit.ts'

/** Every table of the system, for drizzle-kit; code takes a domain's tables from the domain. */
export const allTables = (kit: Kit) => ({
  ...engineTables(kit),
  ...accessTables(kit),
  ...sourcesTables(kit),
  ...catalogTables(kit),
  ...searchTables(kit),
  ...categoriesTables(kit),
  ...ingestionTables(kit),
  ...fleetTables(kit),
  ...workLeasesTables(kit),
  ...accountsTables(kit),
  ...telegramAuthTables(kit),
  ...subscriptionsTables(kit),
  ...notificationsTables(kit),
  ...replayTables(kit),
  ...channelSearchTables(kit),
  ...audienceTables(kit),
})
