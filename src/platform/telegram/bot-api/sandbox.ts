import type { BotApi } from './index.ts'

const EMOJI = ['😀', '🐱', '❤️', '🎉', '👍']
const TITLE_UNITS = 64

/** A Bot API without a network: every name is that of a set, and equal names are equal sets (stickers §7). */
export const createSandboxBotApi = (): BotApi => ({
  async getStickerSet(name) {
    const stickers = EMOJI.map((emoji, n) => ({
      file_id: `sandbox-${name}-${n + 1}`,
      file_unique_id: `sandbox-u-${name}-${n + 1}`,
      type: 'regular',
      width: 512,
      height: 512,
      is_animated: false,
      is_video: false,
      emoji,
      set_name: name,
      file_size: 1024 * (n + 1),
    }))
    const title = `Sandbox ${name}`.slice(0, TITLE_UNITS)
    return { kind: 'found', payload: JSON.stringify({ name, title, sticker_type: 'regular', stickers }) }
  },
})
