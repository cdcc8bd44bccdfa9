import type { MtprotoDeps } from './mtproto/gateway.ts'
import { TelegramError, type TelegramGateway, type TelegramSource } from './port.ts'
import { createSandboxGateway, type SandboxDeps } from './sandbox.ts'

export * from './port.ts'

export type TelegramGatewayDeps = MtprotoDeps & SandboxDeps

/**
 * The gateway of a mode (`TELEGRAM_MODE`, love-parser §7). Nothing connects, and the MTProto library is not even loaded, before the
 * first call that needs it: a start costs the same in both modes.
 */
export const createTelegramGateway = (mode: TelegramSource, deps: TelegramGatewayDeps): TelegramGateway => {
  if (mode === 'sandbox') return createSandboxGateway(deps)
  let loading: Promise<TelegramGateway> | undefined
  let closed = false
  const load = () => {
    if (closed) throw new TelegramError('unavailable')
    loading ??= import('./mtproto/gateway.ts').then((module) => module.createMtprotoGateway(deps))
    return loading
  }
  return {
    source: 'mtproto',
    sendCode: async (phone) => (await load()).sendCode(phone),
    signIn: async (state, input) => (await load()).signIn(state, input),
    checkPassword: async (state, password) => (await load()).checkPassword(state, password),
    async *search(request) {
      yield* (await load()).search(request)
    },
    ping: async () => (await load()).ping(),
    async close() {
      closed = true
      await (await loading)?.close()
    },
  }
}
