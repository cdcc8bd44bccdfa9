import { AppError } from '../../errors.ts'
import type { Platform } from '../index.ts'
import type { RateClass } from './rate-limit.ts'
import { type AddressSource, callerOf, clientIp } from './request.ts'

/** Refused credentials that one address may send in a minute, each family for itself. */
const REFUSALS = 600

export interface RefusalDeps {
  platform: Pick<Platform, 'config' | 'rateLimiter'>
  /** Known once the app listens. */
  server(): AddressSource | null | undefined
}

/** Counts refused credentials by address, so that none can be guessed by trying: a right one is never held up. */
export const createRefusals = (family: string, { platform: { config, rateLimiter }, server }: RefusalDeps) => {
  const rateClass: RateClass = { name: `${family}-refused`, limit: REFUSALS, windowMs: 60_000 }
  const count = async (request: Request, error: unknown): Promise<never> => {
    if (!(error instanceof AppError) || (error.status !== 401 && error.status !== 403)) throw error
    const { allowed, retryAfterSeconds } = await rateLimiter.take(
      rateClass,
      callerOf(clientIp(request, server(), config.trustProxy)),
    )
    if (allowed) throw error
    throw new AppError('rate_limited', 429, 'Too many refused credentials, please slow down', {
      headers: { 'retry-after': String(retryAfterSeconds) },
    })
  }
  /** What `check` finds out. @throws AppError what it throws, or 429 instead of one refusal too many */
  return <T>(request: Request, check: () => T | Promise<T>): T | Promise<T> => {
    try {
      const known = check()
      return known instanceof Promise ? known.catch((error) => count(request, error)) : known
    } catch (error) {
      return count(request, error)
    }
  }
}
export type Refusals = ReturnType<typeof createRefusals>
