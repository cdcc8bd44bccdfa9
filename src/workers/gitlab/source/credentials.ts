import type { Clock } from '../../../platform/clock.ts'
import { LeaseGone } from '../../runtime.ts'
import { backoffMs, jittered } from '../../waiting.ts'
import type { CrawlerApi } from '../api/index.ts'
import type { Control } from '../control.ts'
import { ApiProblem, CredentialsExpired, TaskFailure } from '../errors.ts'
import type { LeasedTask } from '../model.ts'
import type { Buckets } from './bucket.ts'

/** The token of one task, in memory only. */
export interface TokenHolder {
  current(): string
  /**
   * Replaces the refused token (gitlab-worker §3.5), once for all requests of the task that wait for it.
   * @throws CredentialsExpired not refreshable; LeaseGone the API has put the task aside; TaskFailure GITLAB_UNAVAILABLE
   */
  renew(refused: string, text: string): Promise<void>
}

export interface TokenOptions {
  task: LeasedTask
  api: CrawlerApi
  control: Control
  clock: Clock
  random: () => number
  buckets: Buckets
  origin: string
  maxRetries: number
  /** When the lease ends by our own clock, ms. */
  leaseEndsAt(): number
}

const LEASE_MARGIN_MS = 5000

export const createTokens = (options: TokenOptions): TokenHolder => {
  const { task, api, control, clock, random } = options
  let { accessToken, version } = task.credentials
  let renewing: Promise<void> | undefined

  const ask = async () => {
    let refusals = 0
    for (let attempt = 1; ; attempt++) {
      control.check()
      try {
        const { workerId, fence } = task.lease
        return await api.refresh(task.id, { workerId, fence, credentialsVersion: version }, control.signal)
      } catch (error) {
        control.check()
        if (!(error instanceof ApiProblem)) throw error
        if ([401, 404, 409].includes(error.status)) throw new LeaseGone()
        // 503 says that GitLab is away: that is counted as GitLab's own 5xx are.
        if (error.status === 503 && ++refusals > options.maxRetries)
          throw new TaskFailure('GITLAB_UNAVAILABLE', 'GitLab did not renew the access token', true, 503)
        if (error.status >= 400 && error.status < 500 && error.status !== 429)
          throw new TaskFailure('INTERNAL', `the API refuses to renew the access token: ${error.status}`, false)
        if (error.status === 0 && clock.now() >= options.leaseEndsAt() - LEASE_MARGIN_MS) throw new LeaseGone()
        await control.rest(Math.max(error.retryAfterMs ?? 0, jittered(backoffMs(attempt, 16_000), random)))
      }
    }
  }
  const renew = async () => {
    const answer = await ask()
    if (!answer.refreshSuccessful) throw new LeaseGone()
    options.buckets.renewed(options.origin, accessToken, answer.credentials.accessToken)
    ;({ accessToken, version } = answer.credentials)
  }
  return {
    current: () => accessToken,
    async renew(refused, text) {
      if (accessToken !== refused) return
      if (!task.credentials.refreshable) throw new CredentialsExpired(/revoked/i.test(text))
      renewing ??= renew().finally(() => {
        renewing = undefined
      })
      await renewing
    },
  }
}
