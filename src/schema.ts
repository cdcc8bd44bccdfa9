import { accessTables, auditTables } from './access/tables.ts'
import {
  areasTables,
  tasksTables as crawlerTasksTables,
  credentialsTables,
  progressTables,
  streamsTables,
} from './crawler/tables.ts'
import {
  attentionTables,
  catalogTables,
  categoriesTables,
  claimTables,
  fleetTables,
  ingestionTables,
  liveTables,
  searchTables,
  sourcesTables,
  weeekTables,
} from './gifty/tables.ts'
import {
  accountsTables,
  audienceTables,
  channelSearchTables,
  notificationsTables,
  refusedNotificationsTables,
  replayTables,
  subscriptionsTables,
  telegramAuthTables,
} from './love-parser/tables.ts'
import type { Kit } from './platform/db/kit.ts'
import { artTables, stickersetsTables, telegramTables } from './stickers/tables.ts'
import { engineTables } from './tasks/tables.ts'

/** Every table of the system, for drizzle-kit; code takes a domain's tables from the domain. */
export const allTables = (kit: Kit) => ({
  ...engineTables(kit),
  ...accessTables(kit),
  ...auditTables(kit),
  ...sourcesTables(kit),
  ...catalogTables(kit),
  ...searchTables(kit),
  ...categoriesTables(kit),
  ...ingestionTables(kit),
  ...fleetTables(kit),
  ...attentionTables(kit),
  ...liveTables(kit),
  ...claimTables(kit),
  ...weeekTables(kit),
  ...accountsTables(kit),
  ...telegramAuthTables(kit),
  ...subscriptionsTables(kit),
  ...notificationsTables(kit),
  ...refusedNotificationsTables(kit),
  ...replayTables(kit),
  ...channelSearchTables(kit),
  ...audienceTables(kit),
  ...stickersetsTables(kit),
  ...artTables(kit),
  ...telegramTables(kit),
  ...crawlerTables(kit),
})

/** The crawler's, under names that no other family has. */
const crawlerTables = (kit: Kit) => {
  const { tasks, audit, receipts } = crawlerTasksTables(kit)
  const { accounts, formerTokens } = credentialsTables(kit)
  const { timeline } = progressTables(kit)
  const { areas, taskAreas, authorizations } = areasTables(kit)
  const { events, connections, processes } = streamsTables(kit)
  return {
    crawlerAccounts: accounts,
    crawlerFormerTokens: formerTokens,
    crawlerTasks: tasks,
    crawlerAudit: audit,
    crawlerReceipts: receipts,
    crawlerTimeline: timeline,
    crawlerAreas: areas,
    crawlerTaskAreas: taskAreas,
    crawlerAreaAuthorizations: authorizations,
    crawlerEvents: events,
    crawlerConnections: connections,
    crawlerProcesses: processes,
  }
}
