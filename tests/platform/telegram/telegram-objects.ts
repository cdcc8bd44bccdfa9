import { Long, type tl } from '@mtcute/core'

/** TL objects as Telegram sends them, with what its schema demands and nothing else. */
export const channel = (id: number, more: Partial<tl.RawChannel>): tl.RawChannel => ({
  _: 'channel',
  id,
  title: '',
  photo: { _: 'chatPhotoEmpty' },
  date: 1_600_000_000,
  // Beyond what a JSON number holds, and negative, as half of them are.
  accessHash: Long.fromString(`-9007199254740993${String(id).padStart(3, '0')}`),
  ...more,
})

/** The answer to channels.getFullChannel for `id`, with the fields given for it. */
export const fullChannel = (id: number, fields: Record<number, Partial<tl.RawChannelFull>>): tl.messages.RawChatFull => ({
  _: 'messages.chatFull',
  fullChat: {
    _: 'channelFull',
    id,
    about: '',
    readInboxMaxId: 0,
    readOutboxMaxId: 0,
    unreadCount: 0,
    chatPhoto: { _: 'photoEmpty', id: Long.ZERO },
    notifySettings: { _: 'peerNotifySettings' },
    botInfo: [],
    pts: 1,
    ...fields[id],
  },
  chats: [],
  users: [],
})

export const message = (id: number, date: number, text: string): tl.RawMessage => ({
  _: 'message',
  id,
  peerId: { _: 'peerChannel', channelId: 1 },
  date,
  message: text,
})

export const service = (id: number, date: number): tl.RawMessageService => ({
  _: 'messageService',
  id,
  peerId: { _: 'peerChannel', channelId: 1 },
  date,
  action: { _: 'messageActionPinMessage' },
})

export const history = (messages: tl.TypeMessage[]): tl.messages.RawChannelMessages => ({
  _: 'messages.channelMessages',
  pts: 1,
  count: messages.length,
  messages,
  topics: [],
  chats: [],
  users: [],
})
