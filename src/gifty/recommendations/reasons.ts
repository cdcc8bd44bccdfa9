import type { Axis, GiftVector } from '../scoring/axes.ts'
import { axisFit } from './axes.ts'
import type { Reason } from './model.ts'
import { fold, type Profile } from './profile.ts'
import { preferredCount, type Scored } from './rank.ts'

const HIGH_AXIS = 0.7
const HIGH_RATING = 8
/** Letters of a word that have to be there: inflections change its end. */
const stemLength = (word: string) => Math.max(4, word.length - 3)

const AXIS_TEXTS: Record<Axis, string> = {
  wow_factor: 'It makes an impression',
  warmth: 'It is a warm gift',
  romance: 'It is romantic',
  practicality: 'It is practical',
  usage_frequency: 'It will be used often',
  occasion_versatility: 'It suits most occasions',
  aesthetics: 'It looks good',
  social_risk: 'It is a safe choice',
  age_suitability: 'It suits the age',
  gender_bias: 'It suits the gender',
}

const mentions = (text: string, interest: string): boolean => {
  const words = fold(interest)
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word.length > 2)
  return words.length > 0 && words.every((word) => text.includes(word.slice(0, stemLength(word))))
}

/** Why a gift was chosen, for people to read (gifty §6). */
export const reasonsFor = ({ row, folded }: Pick<Scored, 'row' | 'folded'>, profile: Profile): Reason[] => {
  const reasons: Reason[] = []
  const text = `${folded.text} ${folded.category}`
  const matched = profile.interests.filter((interest) => mentions(text, interest))
  if (matched.length > 0) reasons.push({ code: 'matches_interest', text: `Matches the interest: ${matched.join(', ')}` })
  const { budget } = profile
  if (budget !== undefined && row.price !== null && row.price <= budget)
    reasons.push({ code: 'fits_budget', text: `Fits the budget: ${row.price} of ${budget}` })
  const high = profile.axes.filter((axis) => (axisFit(axis, row.llmGiftVector as GiftVector | null, profile) ?? 0) >= HIGH_AXIS)
  if (high.length > 0) reasons.push({ code: 'axis_high', text: high.map((axis) => AXIS_TEXTS[axis]).join('. ') })
  if (row.llmGiftScore !== null && row.llmGiftScore >= HIGH_RATING)
    reasons.push({ code: 'highly_rated', text: `Rated ${row.llmGiftScore} of 10 as a gift` })
  if (preferredCount(folded, profile) > 0) reasons.push({ code: 'preferred', text: 'Has what was asked for' })
  return reasons
}
