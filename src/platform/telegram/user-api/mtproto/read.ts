import { Long, type tl } from '@mtcute/core'
import type { Channel } from '../port.ts'
import { activityLevel, activityScore } from '../sandbox-channels.ts'

/** A channel as contacts.search answers it: enough to request its details, and to be used without them. Plain JSON. */
export interface FoundChannel {
  id: number
  /** A 64-bit number as text: JSON would round it. */
  accessHash: string
  title: string
  /** Without `@`. */
  username: string | null
  subscribers: number | null
}

/** A channel with its details. Plain JSON; the score is left out, since it depends on the time of reading. */
export interface ReadChannel {
  channelId: string
  title: string | null
  username: string | null
  subscribers: number
  description: string | null
  language: string | null
  /** Milliseconds. */
  lastPost: number | null
}

/** A text as a database takes it, null when nothing is left: Postgres refuses a zero byte, and one would cost the whole search. */
const clean = (text: string): string | null => text.replaceAll('\0', '').trim() || null

/** Channels and megagroups of an answer, in its order, each once (love-parser §7). */
export const foundChannels = (found: tl.contacts.TypeFound, limit: number): FoundChannel[] => {
  const chats = new Map(found.chats.flatMap((chat) => (chat._ === 'channel' && !chat.monoforum ? [[chat.id, chat]] : [])))
  const channels = new Map<number, FoundChannel>()
  for (const peer of [...found.myResults, ...found.results]) {
    const chat = peer._ === 'peerChannel' ? chats.get(peer.channelId) : undefined
    if (!chat || channels.has(chat.id)) continue
    channels.set(chat.id, {
      id: chat.id,
      accessHash: (chat.accessHash ?? Long.ZERO).toString(),
      title: chat.title,
      username: chat.username ?? chat.usernames?.find((name) => name.active)?.username ?? null,
      subscribers: chat.participantsCount ?? null,
    })
  }
  return [...channels.values()].slice(0, limit)
}

/**
 * A channel as far as it is known (love-parser §7, live); `full` and `history` are undefined where they could not be had. `detect` is
 * `detectLanguage`.
 */
export const readChannel = (
  detect: (texts: readonly (string | null)[]) => string | null,
  found: FoundChannel,
  full: tl.TypeChatFull | undefined,
  history: tl.messages.TypeMessages | undefined,
): ReadChannel => {
  const about = clean(full?.about ?? '')
  // Service messages (joins, pins) and deleted ones do not show that the channel is active.
  const messages = history && 'messages' in history ? history.messages.filter((message) => message._ === 'message') : []
  const newest = messages.reduce((latest, message) => Math.max(latest, message.date), 0)
  const username = found.username === null ? null : `@${found.username}`
  return {
    channelId: String(found.id),
    title: clean(found.title),
    username,
    subscribers: (full?._ === 'channelFull' ? full.participantsCount : undefined) ?? found.subscribers ?? 0,
    description: about ?? username,
    // TL names no language of a channel, so it is always detected.
    language: detect([found.title, about, ...messages.map((message) => message.message)]),
    lastPost: newest > 0 ? newest * 1000 : null,
  }
}

/** The row of a channel as of `now` (milliseconds). */
export const toRow = ({ lastPost, ...channel }: ReadChannel, now: number): Channel => {
  const post = lastPost === null ? null : new Date(lastPost)
  const score = activityScore(channel.subscribers, post, now)
  return { ...channel, lastPost: post, activityScore: score, activityLevel: activityLevel(score) }
}
