import { JobFailed } from '../../errors.ts'

/** The payload of `source.run.web` (gifty §2.7, §2.8) with `config.web` resolved. */
export interface WebTask {
  sourceId: number
  url: string
  siteKey: string
  type: string
  strategy: 'deep' | 'discovery'
  runId: string
  /** `config.discovery_name`: the category's name where it was discovered. */
  discoveryName?: string
  /** `config.currency`: of products that name none. */
  currency?: string
  /** Pages to fetch at most, 1..10,000; default 200. */
  maxPages: number
  /** Least ms between the starts of two requests to the host, 0..60,000; default 500. */
  delayMs: number
}

/** Reads a task's payload. Throws `JobFailed` (not retryable) when it is none of ours; odd numbers in `config.web` are clamped. */
export const readPayload = (payload: unknown): WebTask => {
  const body = (payload ?? {}) as Record<string, any>
  const { source_id, url, site_key } = body
  if (!Number.isSafeInteger(source_id) || typeof url !== 'string' || typeof site_key !== 'string')
    throw new JobFailed('Payload lacks source_id, url or site_key', false)
  const config = typeof body.config === 'object' && body.config ? body.config : {}
  const web = typeof config.web === 'object' && config.web ? config.web : {}
  const name = typeof config.discovery_name === 'string' ? config.discovery_name.trim() : ''
  return {
    sourceId: source_id,
    url,
    siteKey: site_key,
    type: typeof body.type === 'string' ? body.type : 'list',
    strategy: body.strategy === 'discovery' ? 'discovery' : 'deep',
    runId: String(body.run_id ?? ''),
    ...(name ? { discoveryName: name } : {}),
    ...(typeof config.currency === 'string' && config.currency.trim() ? { currency: config.currency.trim().toUpperCase() } : {}),
    maxPages: clamp(web.max_pages, 200, 1, 10_000),
    delayMs: clamp(web.delay_ms, 500, 0, 60_000),
  }
}

const clamp = (value: unknown, fallback: number, low: number, high: number) => {
  const number = typeof value === 'number' || (typeof value === 'string' && value.trim()) ? Number(value) : Number.NaN
  return Number.isFinite(number) ? Math.min(Math.max(Math.round(number), low), high) : fallback
}
