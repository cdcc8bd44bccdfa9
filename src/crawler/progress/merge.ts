import type { ProgressState } from '../tasks/row.ts'
import type { ProgressFields } from './model.ts'

const known = (total: number | null | undefined): number | null => (total === undefined || total === 0 ? null : total)

/** A total is given outright, or as the sum of groups and projects; undefined keeps the old one. */
const totalOf = (update: ProgressFields): number | null | undefined => {
  const given = update.totalItems !== undefined ? update.totalItems : update.total
  if (given !== undefined) return known(given)
  if (update.groupTotal === undefined && update.projectTotal === undefined) return undefined
  return known((update.groupTotal ?? 0) + (update.projectTotal ?? 0))
}

const itemsOf = (old: Record<string, number>, update: ProgressFields): Record<string, number> => {
  const { itemsByType, itemsByTypeMode, groupCount, projectCount } = update
  if (!itemsByType && groupCount === undefined && projectCount === undefined) return old
  const items = new Map(Object.entries(old))
  for (const [key, number] of Object.entries(itemsByType ?? {}))
    items.set(key, itemsByTypeMode === 'total' ? number : (items.get(key) ?? 0) + number)
  const atLeast = (key: string, number: number | undefined) => {
    if (number !== undefined && !(itemsByType && Object.hasOwn(itemsByType, key)))
      items.set(key, Math.max(items.get(key) ?? 0, number))
  }
  atLeast('groups', groupCount)
  atLeast('projects', projectCount)
  return Object.fromEntries(items)
}

export const percentageOf = (processed: number, total: number | null): number | null =>
  total === null ? null : Math.min(100, Math.round((processed / total) * 100))

/**
 * A task's progress with an update merged in (§9). `mode` `set` lets the counter of processed items go down, as an operator may.
 * Pure: every accepted update is merged under the task's lock, so none is lost.
 */
export const mergeProgress = (
  old: ProgressState,
  update: ProgressFields,
  now: number,
  mode: 'max' | 'set' = 'max',
): ProgressState => {
  const given = [update.processedItems, update.processed].filter((number) => number !== undefined)
  const processed = given.length === 0 ? old.processed : mode === 'set' ? Math.max(...given) : Math.max(old.processed, ...given)
  const total = totalOf(update)
  const newTotal = total === undefined ? old.total : total
  return {
    processed,
    total: newTotal,
    percentage: update.percentage ?? percentageOf(processed, newTotal),
    currentStep: update.currentStep ?? update.stage ?? update.currentDataType ?? old.currentStep,
    message: update.message ?? old.message,
    error: update.error ?? old.error,
    errorTimestamp: update.errorTimestamp ?? (update.error === undefined ? old.errorTimestamp : (update.timestamp ?? now)),
    metadata: update.metadata ? { ...old.metadata, ...update.metadata } : old.metadata,
    itemsByType: itemsOf(old.itemsByType, update),
    currentDataType: update.currentDataType ?? old.currentDataType,
    lastProcessedId: update.lastProcessedId === undefined ? old.lastProcessedId : update.lastProcessedId,
    stage: update.stage ?? old.stage,
    operationType: update.operationType ?? old.operationType,
    lastAreasDiscovery: old.lastAreasDiscovery,
    credentialStatus: update.credentialStatus ?? old.credentialStatus,
  }
}

/** Counters from zero, for a run that does not go on where the last one stopped (§8, §10). */
export const restartCounters = (state: ProgressState): ProgressState => ({
  ...state,
  processed: 0,
  total: null,
  percentage: null,
  itemsByType: {},
  lastProcessedId: null,
})
