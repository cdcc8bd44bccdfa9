import type { Platform } from '../../src/platform/index.ts'
import type { TestAppOptions } from './app.ts'
import { eventually } from './eventually.ts'
import type { Service } from './services.ts'

/** Options of an app over a test's own Redis, under the exact names of the contracts. Patient, unless the test is about time. */
export const overRedis = (service: Service, options: TestAppOptions = {}): TestAppOptions => ({
  redis: { prefix: '', answerMs: 10_000 },
  ...options,
  env: { REDIS_URL: service.url, ...options.env },
})
/** Waits until an app has noticed that Redis is there, or is not. */
export const redisIs = (state: 'up' | 'down', ...apps: { platform: Platform }[]) =>
  eventually(
    async () => apps.map(({ platform }) => platform.redis?.connections() === (state === 'up' ? 2 : 0)),
    (all) => all.every(Boolean),
  ).then(() =>
    state === 'up' ? eventually(async () => apps.every(({ platform }) => platform.redis?.isUp()), Boolean) : undefined,
  )
