import { Elysia } from 'elysia'
import type { Replays } from '../idempotency/service.ts'
import type { Subscriptions } from './service.ts'

export const subscriptionsRoutes = (_subscriptions: Subscriptions, _replays: Replays) => new Elysia({ prefix: '/subscriptions' })
