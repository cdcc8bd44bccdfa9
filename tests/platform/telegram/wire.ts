import { MemoryStorage, type mtp, type tl } from '@mtcute/core'
import { __tlReaderMap } from '@mtcute/tl/binary/reader.js'
import { __tlWriterMap } from '@mtcute/tl/binary/writer.js'
import { TlBinaryReader, TlBinaryWriter } from '@mtcute/tl-runtime'
import type { Clock } from '../../../src/platform/clock.ts'
import { createLog, type LogLevel } from '../../../src/platform/log.ts'
import { TelegramError } from '../../../src/platform/telegram/user-api/index.ts'
import { createMtprotoGateway, type MtprotoDeps } from '../../../src/platform/telegram/user-api/mtproto/gateway.ts'
import { fakeClock } from '../../support/fake-clock.ts'

/** What Telegram answers to a method; a thrown `refuse` becomes its RPC error. */
export type Responders = {
  [M in tl.RpcMethod['_']]?: (
    request: Extract<tl.RpcMethod, { _: M }>,
  ) => tl.RpcCallReturn[M] | mtp.RawMt_rpc_error | Promise<tl.RpcCallReturn[M] | mtp.RawMt_rpc_error>
}

export const refuse = (errorCode: number, errorMessage: string): mtp.RawMt_rpc_error => ({
  _: 'mt_rpc_error',
  errorCode,
  errorMessage,
})

const throughCodec = (object: any) =>
  TlBinaryReader.deserializeObject<any>(__tlReaderMap, TlBinaryWriter.serializeObject(__tlWriterMap, object))

export interface TestWire {
  deps: MtprotoDeps
  clock: ReturnType<typeof fakeClock>
  /** Requests in the order they were made; all passed the real TL writer. */
  asked: tl.RpcMethod[]
  calls: [method: string, ok: boolean][]
  lines: string[]
}

export interface WireOptions {
  responders?: Responders
  session?: string | null
  credentials?: MtprotoDeps['credentials']
  clock?: Clock
  logLevel?: LogLevel
}

export const KEY = new Uint8Array(256).map((_, i) => (i * 7 + 1) & 0xff)

/** Storage as after a handshake with data centre 2, which no test can do without Telegram's own private key. */
const keyedStorage = () => {
  const storage = new MemoryStorage()
  storage.authKeys.set(2, KEY)
  return storage
}

/** Gateway deps whose network is `responders`: requests and answers pass the real TL codec, and nothing connects. */
export const testWire = ({ responders = {}, session = null, credentials, logLevel = 'debug' }: WireOptions = {}): TestWire => {
  const clock = fakeClock()
  const asked: tl.RpcMethod[] = []
  const calls: [string, boolean][] = []
  const lines: string[] = []
  return {
    clock,
    asked,
    calls,
    lines,
    deps: {
      credentials: credentials === undefined ? { apiId: 1, apiHash: 'test-api-hash' } : credentials,
      session,
      callDelayMs: 500,
      random: () => 0.5,
      clock,
      log: createLog({ level: logLevel, now: clock.now, write: (line) => lines.push(line) }),
      onCall: (method, ok) => calls.push([method, ok]),
      wire: {
        transport: { connect: () => new Promise(() => {}), packetCodec: () => new NoCodec() as any },
        storage: keyedStorage,
        middlewares: [
          async (context) => {
            const request = context.request as tl.RpcMethod
            TlBinaryWriter.serializeObject(__tlWriterMap, request as any)
            asked.push(request)
            const respond = responders[request._] as ((request: any) => unknown) | undefined
            if (!respond) return refuse(400, 'METHOD_NOT_IN_THIS_TEST')
            const answer = (await respond(request)) as any
            return answer?._ === 'mt_rpc_error' ? answer : throughCodec(answer)
          },
        ],
      },
    },
  }
}

class NoCodec {
  tag() {
    return new Uint8Array()
  }
  reset() {}
  decode() {
    return null
  }
  encode() {}
}

/** What a call failed with: `{problem, seconds?, dc?}`, or the value itself when it did not fail as the port says. */
export const problem = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    (value) => ({ answered: value }),
    (error) => {
      if (!(error instanceof TelegramError)) return { threw: error }
      const { problem, seconds, dc } = error
      return { problem, ...(seconds === undefined ? {} : { seconds }), ...(dc === undefined ? {} : { dc }) }
    },
  )

/** A session of the service account, as TELEGRAM_SESSION holds it. */
export const serviceSession = async (): Promise<string> => {
  const wire = testWire({
    responders: {
      'auth.sendCode': () => ({ _: 'auth.sentCode', type: { _: 'auth.sentCodeTypeApp', length: 5 }, phoneCodeHash: 'x' }),
    },
  })
  const { state } = await createMtprotoGateway(wire.deps).sendCode('+10000000000')
  return JSON.parse(state).session
}

export const foundNothing = (): tl.contacts.RawFound => ({
  _: 'contacts.found',
  myResults: [],
  results: [],
  chats: [],
  users: [],
})
