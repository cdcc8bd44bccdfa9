import type { gitlabWorkerFromProcess } from '../config.ts'
import type { Clock } from '../platform/clock.ts'
import type { LogLevel } from '../platform/log.ts'

/** What a command touches of the process; tests bring their own. */
export interface Io {
  out(text: string): void
  err(text: string): void
  /** Standard input. */
  stdin(): AsyncIterable<Uint8Array>
  /** Whether `err` is a terminal, which takes a progress bar. */
  isTty: boolean
  /** Where resume files live. */
  cwd: string
  clock: Clock
  /** INTERNAL_API_TOKEN, if set. */
  token: string | undefined
  logLevel: LogLevel
  /** OUTBOUND_ALLOW: private `host:port` that a worker may reach. */
  outboundAllow: readonly string[]
  /** The WORKER_ variables, read when a GitLab worker starts. @throws ConfigError */
  gitlabWorker(): ReturnType<typeof gitlabWorkerFromProcess>
}

/** 0 done, 1 done with rejected lines, 2 wrong usage, 3 the server is away or refuses. */
export const EXIT = { ok: 0, rejected: 1, usage: 2, givenUp: 3 } as const

/** The command line cannot be understood; its text is shown with the help. */
export class UsageError extends Error {
  override name = 'UsageError'
}
/** The command cannot continue; the message gives the reason and what to do. */
export class CommandError extends Error {
  override name = 'CommandError'
  constructor(
    message: string,
    /** Exit code of the process. */
    readonly exit: number = 3,
  ) {
    super(message)
  }
}

export const DEFAULT_SERVER = 'http://127.0.0.1:3000'

/** `http://host:port` of a server. @throws UsageError */
export const serverOrigin = (text: string): string => {
  const url = URL.parse(text)
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.username !== '' || url.password !== '')
    throw new UsageError(`--server must be http://host:port, not "${text}"`)
  return url.origin
}

/** The token to send: given, from the environment, or the development one for a server on this machine. @throws UsageError */
export const tokenFor = (origin: string, given: string | undefined, fallback: string): string => {
  if (given) return given
  const { hostname } = new URL(origin)
  if (hostname === '127.0.0.1' || hostname === 'localhost' || hostname === '[::1]') return fallback
  throw new UsageError(`a token is needed for ${origin}: set INTERNAL_API_TOKEN`)
}

export const wholeNumber = (name: string, text: string, min: number, max: number): number => {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < min || value > max)
    throw new UsageError(`--${name} must be a whole number from ${min} to ${max}`)
  return value
}
