import { redactText } from '../../platform/log.ts'
import { TRUNCATED } from './crawl.ts'
import { encodeState, type Position } from './resume.ts'
import type { Costs } from './source/client.ts'
import type { Store } from './storage/store.ts'

/** What a task has done so far, in the words of its reports (gitlab-worker §6). */
export interface Ledger {
  costs: Costs
  /** Notes a problem that does not end the task. */
  warn(text: string): void
  /** Removes the access token and other credentials from a text. */
  clean(text: string): string
  /** The resumeState, once there is a position. */
  state(): object | null
  metadata(): object
  /** Items stored, over all attempts. */
  processed(): number
  /** Begins to speak of this position. */
  open(at: { host: string; position: Position; store: Store; token: () => string; discovers: boolean }): void
}

const MOST_WARNINGS = 50
const MOST_WARNING = 200
const MOST_WARNING_BYTES = 10_000
/** Shorter ones would occur by chance. */
const LEAST_SECRET = 8

export const createLedger = (workerId: string, firstToken: string): Ledger => {
  const costs: Costs = { requests: 0, retries: 0, rateLimitWaitMs: 0 }
  let opened: Parameters<Ledger['open']>[0] | undefined
  let warningCount = 0
  const ledger: Ledger = {
    costs,
    warn(text) {
      const warnings = opened?.position.warnings
      if (!warnings) return
      const line = ledger.clean(text).slice(0, MOST_WARNING)
      warningCount++
      // The manifest's `truncated` is read from it, so it must not be crowded out.
      if (text.startsWith(TRUNCATED)) warnings.unshift(line)
      else if (warnings.length < MOST_WARNINGS) warnings.push(line)
      warnings.length = Math.min(warnings.length, MOST_WARNINGS)
    },
    clean(text) {
      const secrets = [firstToken, opened?.token() ?? ''].filter((secret) => secret.length >= LEAST_SECRET)
      return secrets.reduce((out, secret) => out.replaceAll(secret, '[redacted]'), redactText(text))
    },
    state: () => (opened ? encodeState(opened.host, opened.position, opened.store.parts()) : null),
    metadata: () =>
      opened
        ? {
            worker: workerId,
            pages: opened.position.page,
            ...costs,
            warnings: fitting(opened.position.warnings),
            warningCount,
            output: opened.store.manifestPath,
            ...(opened.discovers ? { areas: { ...opened.position.areas } } : {}),
          }
        : { worker: workerId, ...costs },
    processed: () => Object.values(opened?.position.itemsByType ?? {}).reduce((sum, count) => sum + count, 0),
    open(at) {
      opened = at
      warningCount = at.position.warnings.length
    },
  }
  return ledger
}

/** The first texts that fit into a report's metadata. */
const fitting = (texts: string[]): string[] => {
  let left = MOST_WARNING_BYTES
  return texts.filter((text) => {
    left -= Buffer.byteLength(JSON.stringify(text)) + 1
    return left > 0
  })
}
