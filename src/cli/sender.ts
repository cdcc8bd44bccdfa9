import type { Clock } from '../platform/clock.ts'
import { CommandError } from './io.ts'

const FIRST_WAIT_MS = 250
const MAX_WAIT_MS = 10_000
const TIMEOUT_MS = 120_000

export interface SenderOptions {
  origin: string
  token: string
  clock: Clock
  /** Repeats after the first try; 8 of them last half a minute. */
  retries: number
  /** Told before each wait. */
  onRetry(problem: string, waitMs: number): void
}
export interface Answer {
  status: number
  body: any
}

/**
 * Posts a batch under an Idempotency-Key until it is answered: network errors, 5xx, 429 and `idempotency_in_progress` are tried
 * again. Any other answer is the caller's.
 * @throws CommandError after the last try
 */
export const createSender = ({ origin, token, clock, retries, onRetry }: SenderOptions) => {
  const url = `${origin}/internal/ingest-batch`
  return async (body: string, key: string): Promise<Answer> => {
    for (let attempt = 0; ; attempt++) {
      let problem: string
      let waitMs = Math.min(FIRST_WAIT_MS * 2 ** attempt, MAX_WAIT_MS)
      try {
        const response = await fetch(url, {
          method: 'POST',
          body,
          headers: { 'content-type': 'application/json', 'x-internal-token': token, 'idempotency-key': key },
          redirect: 'manual', // a redirect would carry the token to wherever it points
          signal: AbortSignal.timeout(TIMEOUT_MS),
        })
        const answer = { status: response.status, body: parse(await response.text()) }
        const code: unknown = answer.body?.error?.code
        if (answer.status < 500 && answer.status !== 429 && code !== 'idempotency_in_progress') return answer
        problem = `${origin} answered ${answer.status}${typeof code === 'string' ? ` ${code}` : ''}`
        const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
        if (Number.isFinite(seconds)) waitMs = Math.min(Math.max(seconds * 1000, waitMs), MAX_WAIT_MS)
      } catch (error) {
        problem = `${origin} cannot be reached (${error instanceof Error ? error.message : String(error)})`
      }
      if (attempt >= retries) throw new CommandError(`${problem}; gave up after ${attempt + 1} tries`)
      onRetry(problem, waitMs)
      await clock.sleep(waitMs)
    }
  }
}

/** A body that is not JSON (a proxy's error page) says nothing of use; the status does. */
const parse = (text: string): any => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
