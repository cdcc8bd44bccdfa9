export const DIRECTIONS = ['CREDIT', 'DEBIT'] as const

/** What earns ART: both happen at most once per name, between them (stickers §6). */
export type AwardRule = 'UPLOAD_STICKERSET' | 'PUBLISH_STICKERSET'

export interface AwardMetadata {
  stickerSetId: number
  name: string
}
