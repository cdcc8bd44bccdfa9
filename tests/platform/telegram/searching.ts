import type { tl } from '@mtcute/core'
import type { SearchRequest, SearchStep } from '../../../src/platform/telegram/user-api/index.ts'
import { createMtprotoGateway } from '../../../src/platform/telegram/user-api/mtproto/gateway.ts'
import { channel, fullChannel, history, message, service } from './telegram-objects.ts'
import { foundNothing, type Responders, serviceSession, testWire } from './wire.ts'

const session = await serviceSession()
export const NOW = Date.parse('2026-01-15T12:00:00.000Z')
const hoursAgo = (hours: number) => (NOW - hours * 3_600_000) / 1000

export const found = (...chats: tl.TypeChat[]): tl.contacts.RawFound => ({
  ...foundNothing(),
  chats,
  results: chats.map((chat) => ({ _: 'peerChannel', channelId: chat.id })),
})

/** Three channels: one whole, one bare megagroup, one that says nothing of itself. */
export const three: Responders = {
  'contacts.search': () =>
    found(
      channel(101, { title: 'Markt heute', username: 'markt', participantsCount: 7, broadcast: true }),
      channel(102, { title: 'Трейдеры', megagroup: true }),
      channel(103, { title: 'Z', broadcast: true, participantsCount: 44 }),
    ),
  'channels.getFullChannel': ({ channel: { channelId } }: any) =>
    fullChannel(channelId, {
      101: { participantsCount: 500_000, about: ' Nachrichten und Analysen zum Aktienmarkt, jeden Morgen ' },
      102: { participantsCount: 20, about: '' },
      103: { about: '' },
    }),
  'messages.getHistory': ({ peer: { channelId } }: any) =>
    history(
      {
        101: [
          service(9, hoursAgo(0)),
          message(8, hoursAgo(84), 'Guten Morgen, hier sind die Kurse'),
          message(7, hoursAgo(90), ''),
        ],
        102: [message(3, hoursAgo(168), 'Добрый день, сегодня рынок растёт и это хорошо')],
        103: [service(1, hoursAgo(1))],
      }[channelId as number] as tl.TypeMessage[],
    ),
}

/** A live search over the responders. */
export const searching = (responders: Responders, request: Partial<SearchRequest> = {}) => {
  const wire = testWire({ responders, session })
  const gateway = createMtprotoGateway(wire.deps)
  const steps = gateway.search({ query: 'Markt', filters: {}, limit: 100, now: NOW, ...request })
  /** Runs to the end, letting every pause pass at once; answers all steps. */
  const finish = async () => {
    const all: SearchStep[] = []
    const pauses: number[] = []
    const sleep = wire.clock.sleep
    wire.clock.sleep = async (ms, signal) => {
      if (ms >= 5000) return sleep(ms, signal)
      pauses.push(ms)
    }
    for await (const step of steps) all.push(step)
    return { all, pauses, done: all.at(-1) as Extract<SearchStep, { kind: 'done' }> }
  }
  return { ...wire, gateway, steps, finish }
}
export const methods = (asked: tl.RpcMethod[]) => asked.map((request) => request._)
