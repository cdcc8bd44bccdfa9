import type { Steps, Tx } from '../../platform/db/index.ts'
import type { ArtRepository } from './repository.ts'

export const DIRECTIONS = ['CREDIT', 'DEBIT'] as const

/** What earns ART: both happen at most once per name, between them (stickers §6). */
export type AwardRule = 'UPLOAD_STICKERSET' | 'PUBLISH_STICKERSET'

export interface AwardMetadata {
  stickerSetId: number
  name: string
}

/** ART for the first publication of a name. */
const PUBLICATION_AWARD = 10

export interface Award {
  rule: AwardRule
  /** The owner, who is credited. */
  userId: number
  stickerSetId: number
  /** Normalised. */
  name: string
}

/** The reward balance (stickers §6). All functions are steps of the transaction that changes the set. */
export const createArt = (repository: ArtRepository) => ({
  /** An owner has a profile, with balance 0 at first. */
  ensureProfile: repository.ensureProfile,

  /**
   * Credits the first publication of a name, once for ever; answers whether it did. The profile is locked before the ledger is
   * touched, in this order everywhere, so that two awards cannot wait for each other and `balance_after` is the balance.
   */
  *awardPublication(tx: Tx, { rule, userId, stickerSetId, name }: Award, at: Date): Steps<boolean> {
    yield* repository.ensureProfile(tx, userId, at)
    const balance = yield* repository.lockBalance(tx, userId)
    const balanceAfter = balance + PUBLICATION_AWARD
    const entered = yield* repository.enter(tx, {
      userId,
      ruleCode: rule,
      direction: 'CREDIT',
      delta: PUBLICATION_AWARD,
      balanceAfter,
      metadata: { stickerSetId, name },
      externalId: `sticker-publish:${name}`,
      performedBy: userId,
      createdAt: at,
    })
    if (!entered) return false
    if (!(yield* repository.setBalance(tx, userId, balance, balanceAfter, at)))
      throw new Error('a locked balance was changed by another')
    return true
  },
})
export type Art = ReturnType<typeof createArt>
