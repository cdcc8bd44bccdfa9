import { BunCryptoProvider, TcpTransport } from '@mtcute/bun'
import { MemoryStorage, type mtp, type tl } from '@mtcute/core'
import { BaseTelegramClient, type BaseTelegramClientOptions } from '@mtcute/core/client.js'
import { readStringSession } from '@mtcute/core/utils.js'
import { initSync } from '@mtcute/wasm'
import wasmFile from '@mtcute/wasm/mtcute-simd.wasm' with { type: 'file' }
import type { Clock } from '../../../clock.ts'
import type { Log } from '../../../log.ts'
import { TelegramError, type TelegramProblem } from '../port.ts'

/** Telegram's error names for mistakes of a user or an account (love-parser §3, §4). */
const PROBLEMS: Record<string, TelegramProblem> = {
  PHONE_NUMBER_INVALID: 'invalid_phone',
  PHONE_NUMBER_BANNED: 'invalid_phone',
  // The code was accepted, but no account has the number: this service does not sign people up.
  PHONE_NUMBER_UNOCCUPIED: 'invalid_phone',
  SESSION_PASSWORD_NEEDED: 'password_needed',
  PASSWORD_HASH_INVALID: 'password_invalid',
  SRP_PASSWORD_CHANGED: 'password_invalid',
  PHONE_CODE_INVALID: 'code_invalid',
  PHONE_CODE_EMPTY: 'code_invalid',
  PHONE_CODE_HASH_EMPTY: 'code_invalid',
  CODE_INVALID: 'code_invalid',
  PHONE_CODE_EXPIRED: 'code_expired',
  CODE_EXPIRED: 'code_expired',
  PHONE_NUMBER_OCCUPIED: 'phone_occupied',
  INVALID_CODE: 'invalid_code',
  PHONE_NUMBER_FLOOD: 'flood',
  PHONE_PASSWORD_FLOOD: 'flood',
  AUTH_KEY_UNREGISTERED: 'session_revoked',
  AUTH_KEY_INVALID: 'session_revoked',
  AUTH_KEY_DUPLICATED: 'session_revoked',
  SESSION_REVOKED: 'session_revoked',
  SESSION_EXPIRED: 'session_revoked',
  USER_DEACTIVATED: 'session_revoked',
  USER_DEACTIVATED_BAN: 'session_revoked',
  // The library's names for a call that got no answer.
  TIMEOUT: 'unavailable',
  MSG_WAIT_TIMEOUT: 'unavailable',
  MSG_WAIT_FAILED: 'unavailable',
}

const FLOOD_CODE = 420
const FLOOD_DEFAULT_SECONDS = 60

/** An RPC error as Telegram sent it, number included: `FLOOD_WAIT_30`. */
export interface RpcRefusal {
  code: number
  text: string
}

/** Translates an RPC error into the gateway's errors (love-parser §3 table, §4 "Permanent", "Transient"). */
const problemOf = ({ code, text }: RpcRefusal): TelegramError => {
  const number = Number(/_(\d+)$/.exec(text)?.[1] ?? Number.NaN)
  if (text.startsWith('PHONE_MIGRATE_')) return new TelegramError('phone_migrate', Number.isNaN(number) ? {} : { dc: number })
  const problem = PROBLEMS[text]
  if (problem === 'flood' || (!problem && (code === FLOOD_CODE || /^FLOOD(_\w+)?_WAIT_\d+$/.test(text))))
    return new TelegramError('flood', { seconds: Number.isNaN(number) ? FLOOD_DEFAULT_SECONDS : Math.max(1, number) })
  if (text === 'SRP_ID_INVALID') return new TelegramError('password_invalid', { isStale: true })
  if (problem) return new TelegramError(problem)
  if (code === 401) return new TelegramError('session_revoked')
  // 5xx and the negative codes of Telegram's inner servers, and other data centres that could not be reached.
  if (code >= 500 || code < 0 || code === 303) return new TelegramError('unavailable')
  return new TelegramError('rejected')
}

// As a file, so that a compiled binary carries it: the library would look for it in node_modules at run time.

/** A call to Telegram ends after this at the latest, the way there included (love-parser §3, §7). */
const CALL_TIMEOUT_MS = 20_000

const AUTH_KEY_BYTES = 256

export interface LinkDeps {
  /** From my.telegram.org; null answers `unavailable` to every call. */
  credentials: { apiId: number; apiHash: string } | null
  clock: Clock
  log: Log
  /** Counts calls (love-parser §2, telegram_api_*): `method` as Telegram names it, `ok` false when it failed. */
  onCall?: (method: string, ok: boolean) => void
  wire?: Wire
}

/** Parts of the library that tests replace: the middlewares of requests, the network, and the keys. */
export interface Wire {
  middlewares?: NonNullable<BaseTelegramClientOptions['network']>['middlewares']
  transport?: BaseTelegramClientOptions['transport']
  storage?: () => MemoryStorage
}

export interface CallOptions {
  timeoutMs?: number
  signal?: AbortSignal
}

/** One connection to Telegram under one session. */
export interface Link {
  /** @throws TelegramError, or the signal's reason when it aborts. */
  ask<M extends tl.RpcMethod>(request: M, options?: CallOptions): Promise<tl.RpcCallReturn[M['_']]>
  /** The proof of a 2FA password for the exchange that Telegram opened (SRP): the password itself is never sent. */
  prove(exchange: tl.account.RawPassword, password: string): Promise<tl.RawInputCheckPasswordSRP>
  /** Makes the account known to the session, so that an export holds it. */
  signedIn(authorization: tl.auth.RawAuthorization): Promise<tl.RawUser>
  /** The session as a text that opens the same link again. A secret. */
  exportSession(): Promise<string>
  /** Calls under way fail with `unavailable`. */
  close(): Promise<void>
}

let ready: Promise<void> | undefined
const cryptography = new BunCryptoProvider()
cryptography.initialize = () => (ready ??= Bun.file(wasmFile).bytes().then(initSync))

const platform: BaseTelegramClientOptions['platform'] = {
  // The library's own platform would end the process on SIGTERM, long before leases and streams are given back.
  beforeExit: () => () => {},
  // Its log lines may hold whole requests: phones, codes, sessions.
  log: () => {},
  getDefaultLogLevel: () => 0,
  getDeviceModel: () => 'Trawl',
}

const isRefusal = (answer: unknown): answer is mtp.RawMt_rpc_error => (answer as { _?: string } | null)?._ === 'mt_rpc_error'

type Transport = NonNullable<BaseTelegramClientOptions['transport']>

/** A transport whose connection attempts can be aborted: the library waits for them even when it closes. */
const closable = (inner: Transport): { transport: Transport; giveUp(): void } => {
  const closed = Promise.withResolvers<never>()
  closed.promise.catch(() => {}) // `connect` handles it; without a connect under way it is not an error
  return {
    giveUp: () => closed.reject(new Error('the link was closed')),
    transport: {
      setup: inner.setup?.bind(inner),
      packetCodec: (dc) => inner.packetCodec(dc),
      async connect(dc) {
        const opening = Promise.resolve(inner.connect(dc))
        try {
          return await Promise.race([opening, closed.promise])
        } catch (error) {
          // A connection that opens too late is closed here: the library never gets it.
          opening.then(
            (late) => late.close(),
            () => {},
          )
          throw error
        }
      },
    },
  }
}

/** Opens a link, with the session of an earlier one or a new one. @throws TelegramError `session_revoked` for an unreadable session. */
export const openLink = async (deps: LinkDeps, session?: string): Promise<Link> => {
  const { credentials, clock, log, onCall, wire = {} } = deps
  if (!credentials) throw new TelegramError('unavailable')
  const { transport, giveUp } = closable(wire.transport ?? new TcpTransport())
  const client = new BaseTelegramClient({
    ...credentials,
    storage: wire.storage?.() ?? new MemoryStorage(),
    crypto: cryptography,
    transport,
    platform,
    disableUpdates: true,
    logLevel: 0,
    initConnectionOptions: { deviceModel: 'Trawl', appVersion: '1.0' },
    // None by default: the library's own would wait out floods and repeat failing calls for ever.
    network: { middlewares: wire.middlewares ?? [] },
  })
  let closed = false
  const underWay = new Set<() => void>()
  const close = async () => {
    closed = true
    for (const end of underWay) end()
    giveUp()
    await client.destroy()
  }
  if (session !== undefined) {
    try {
      const data = readStringSession(session)
      if (data.authKey.length !== AUTH_KEY_BYTES) throw new RangeError('the session is cut off')
      await client.importSession(data, true)
    } catch (error) {
      await close()
      log.warn('telegram session is unreadable', { error: (error as Error).name })
      throw new TelegramError('session_revoked')
    }
  }

  const send = async (request: tl.RpcMethod, signal: AbortSignal) => {
    await client.connect()
    // Below the client's own `call`, which keeps every peer it sees for as long as it lives.
    const answer = await client.mt.call(request, { abortSignal: signal })
    if (isRefusal(answer)) throw problemOf({ code: answer.errorCode, text: answer.errorMessage })
    return answer
  }

  const ask: Link['ask'] = async (request, { timeoutMs = CALL_TIMEOUT_MS, signal } = {}) => {
    signal?.throwIfAborted()
    const done = new AbortController()
    const stopped = Promise.withResolvers<never>()
    const end = () => stopped.reject(new TelegramError('unavailable'))
    if (closed) end()
    underWay.add(end)
    signal?.addEventListener('abort', end)
    // Raced and not only aborted: the library waits for a connection as long as it takes.
    const late = clock.sleep(timeoutMs, done.signal).then(() => {
      throw new TelegramError('unavailable')
    })
    try {
      const answer = await Promise.race([send(request as tl.RpcMethod, done.signal), stopped.promise, late])
      onCall?.(request._, true)
      return answer
    } catch (error) {
      signal?.throwIfAborted()
      onCall?.(request._, false)
      const problem = error instanceof TelegramError ? error : new TelegramError('unavailable')
      // The name alone: a library's message may hold the request.
      log.debug('telegram call failed', { method: request._, problem: problem.problem, cause: (error as Error).name })
      throw problem
    } finally {
      underWay.delete(end)
      signal?.removeEventListener('abort', end)
      done.abort()
    }
  }

  return {
    ask,
    async prove(exchange, password) {
      try {
        return (await client.computeSrpParams(exchange, password)) as tl.RawInputCheckPasswordSRP
      } catch (error) {
        log.warn('telegram password exchange is not usable', { cause: (error as Error).name })
        throw new TelegramError('rejected')
      }
    },
    signedIn: (authorization) => client.notifyLoggedIn(authorization),
    async exportSession() {
      try {
        return await client.exportSession()
      } catch (error) {
        // No key was agreed on: the connection went before it was of use.
        log.warn('telegram session is not there to be exported', { cause: (error as Error).name })
        throw new TelegramError('unavailable')
      }
    },
    close,
  }
}
