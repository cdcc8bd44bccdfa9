import { AppError } from '../../errors.ts'

/** Ends of transactions from which the rate is known. */
const LEAST_ENDS = 16
const MOST_ENDS = 64
const MAX_RETRY_SECONDS = 60

export interface AdmissionOptions {
  /** Transactions that run at once; more wait. */
  places: number
  /** Longest wait that is worth beginning, ms. */
  limitMs: number
  /** Monotonic, ms. */
  now?: () => number
}

/**
 * Refuses new transactions while more wait than the database serves within a limit: such a request gets 503 with Retry-After at once,
 * and those that wait already are served. The rate is measured while there is a queue, so that a slow database is slow and not down
 * (architecture §8).
 */
export const createAdmission = ({ places, limitMs, now = () => performance.now() }: AdmissionOptions) => {
  let open = 0
  /** When transactions ended since the queue began, the newest last. */
  let ends: number[] = []

  return {
    /** @throws AppError 503 with Retry-After, when the wait would be longer than the limit */
    begin(): void {
      const [first] = ends
      if (first !== undefined && ends.length >= LEAST_ENDS) {
        const waitMs = ((open - places + 1) * (now() - first)) / (ends.length - 1)
        if (waitMs > limitMs) {
          const seconds = Math.min(MAX_RETRY_SECONDS, Math.max(1, Math.ceil((waitMs - limitMs) / 1000)))
          throw new AppError('unavailable', 503, 'More requests wait than can be served in time', {
            headers: { 'retry-after': String(seconds) },
          })
        }
      }
      open++
    },
    end(): void {
      open--
      if (open < places) ends = []
      else {
        ends.push(now())
        if (ends.length > MOST_ENDS) ends.shift()
      }
    },
    /** Transactions that run or wait. */
    open: () => open,
  }
}
