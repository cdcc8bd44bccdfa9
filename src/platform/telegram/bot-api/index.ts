/** The Bot API's answer about a sticker set (stickers §7). */
export type StickerSetAnswer =
  /** `payload` is the answer's `result` as JSON text. */
  | { kind: 'found'; payload: string }
  /** Telegram says that no such set exists. */
  | { kind: 'missing' }
  /** Nothing is known about the set; worth asking again after so many whole seconds. */
  | { kind: 'unreachable'; retryAfterSeconds: number }

export interface AskOptions {
  /** Clock time in milliseconds at which all work for the question ends: attempt, wait and retry. */
  deadline: number
  /** Lets an attempt that was begun before the deadline end by its own limit; a retry is not begun after it. */
  finishAttempt?: boolean
}

/** The part of the Bot API that Trawl uses, live or made up. Never rejects: every trouble is `unreachable`. */
export interface BotApi {
  getStickerSet(name: string, options: AskOptions): Promise<StickerSetAnswer>
}
