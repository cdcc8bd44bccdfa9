import { z } from 'zod'
export const RUN_STATUSES = ['queued', 'running', 'completed', 'failed', 'lost', 'cancelled', 'skipped'] as const
export type RunStatus = (typeof RUN_STATUSES)[number]
export type ClientConfig = Record<string, unknown>
export type Schedule = { cron: string; timezone: string }
