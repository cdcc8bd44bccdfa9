import { invalidField } from '../../errors.ts'
import { type Axis, axisName } from '../scoring/axes.ts'
import type { Gender, RecommendationsRequest } from './model.ts'

/** Longest text that search takes. */
const MAX_TEXT = 1000

/** What is asked for, aliases resolved and texts folded. */
export interface Profile {
  /** What gifts are compared with; empty for a profile that says nothing in words. */
  text: string
  interests: string[]
  age: number | undefined
  gender: Gender | undefined
  budget: number | undefined
  limit: number
  diversity: number
  debug: boolean
  axes: Axis[]
  exclude: { keywords: string[]; categories: Set<string>; merchants: Set<string>; itemTypes: string[] }
  prefer: { keywords: string[]; categories: Set<string> }
  avoid: string[]
  minPrice: number | undefined
  /** The least of what the request allows: its own bound, the budget, or a tenth more than it. */
  maxPrice: number | undefined
  adultAllowed: boolean
}

/** Texts are compared without case, and ё counts as е. */
export const fold = (text: string): string => text.normalize('NFKC').toLowerCase().replaceAll('ё', 'е').trim()
const folded = (texts: readonly string[] | null | undefined): string[] => [
  ...new Set((texts ?? []).map(fold).filter((text) => text !== '')),
]

const ROMANTIC: Axis[] = ['romance', 'warmth']
const FAMILY: Axis[] = ['warmth', 'practicality']
const WORK: Axis[] = ['social_risk', 'occasion_versatility', 'practicality']
/** Which axes matter to whom, and when (gifty §6, rule 3). What is not here selects nothing. */
const RELATIONSHIPS: Record<string, Axis[]> = {
  ...{ partner: ROMANTIC, spouse: ROMANTIC, wife: ROMANTIC, husband: ROMANTIC, girlfriend: ROMANTIC, boyfriend: ROMANTIC },
  ...{ parent: FAMILY, mother: FAMILY, father: FAMILY, grandparent: FAMILY, grandmother: FAMILY, grandfather: FAMILY },
  ...{ friend: ['wow_factor'], colleague: WORK, boss: WORK, child: ['wow_factor', 'aesthetics'] },
}
const OCCASIONS: Record<string, Axis[]> = {
  ...{ romantic: ROMANTIC, anniversary: ROMANTIC, wedding: ROMANTIC, wedding_anniversary: ROMANTIC, date: ROMANTIC },
  ...{ valentine: ROMANTIC, valentines: ROMANTIC, valentines_day: ROMANTIC },
  ...{ birthday: ['wow_factor'], housewarming: ['practicality', 'aesthetics'] },
}
const axesOf = (table: Record<string, Axis[]>, value: string | null | undefined): Axis[] => {
  const name = axisName(value ?? '').replaceAll("'", '')
  return Object.hasOwn(table, name) ? (table[name] as Axis[]) : []
}

/** @throws AppError 422 when the price bounds contradict each other */
export const readProfile = (request: RecommendationsRequest): Profile => {
  const constraints = request.constraints
  const bounds = { min: constraints?.min_price ?? undefined, max: constraints?.max_price ?? undefined }
  if (bounds.min !== undefined && bounds.max !== undefined && bounds.min > bounds.max)
    throw invalidField(['body', 'constraints', 'max_price'], 'Input should not be less than min_price', bounds.max)
  const age = request.age ?? request.recipient_age ?? undefined
  const gender = request.gender ?? request.recipient_gender ?? undefined
  const budget = request.budget ?? undefined
  const strict = constraints?.budget_strictness === 'strict'
  const most = budget === undefined ? Number.MAX_VALUE : Math.min(strict ? budget : (budget * 11) / 10, Number.MAX_VALUE)
  const maxPrice = Math.min(bounds.max ?? Number.MAX_VALUE, most)
  const occasionAxes = axesOf(OCCASIONS, request.occasion)
  const relationshipAxes = axesOf(RELATIONSHIPS, request.relationship)
  const parts = [
    ...(request.interests ?? []),
    request.interests_description,
    request.vibe,
    // What selects axes counts by them; in the text its English word would only lead away from a catalogue in another language.
    occasionAxes.length === 0 ? request.occasion : null,
    relationshipAxes.length === 0 ? request.relationship : null,
  ].filter((part): part is string => typeof part === 'string' && /[\p{L}\p{N}]/u.test(part))
  return {
    text: parts
      .map((part) => part.trim())
      .join(' ')
      .slice(0, MAX_TEXT)
      .toWellFormed(),
    interests: (request.interests ?? []).map((interest) => interest.trim()).filter((interest) => interest !== ''),
    age,
    gender,
    budget,
    limit: request.limit ?? request.top_n ?? 10,
    diversity: request.diversity,
    debug: request.debug,
    axes: [
      ...new Set<Axis>([
        ...relationshipAxes,
        ...occasionAxes,
        ...(age === undefined ? [] : (['age_suitability'] as const)),
        ...(gender === undefined ? [] : (['gender_bias'] as const)),
      ]),
    ],
    exclude: {
      keywords: folded(constraints?.exclude_keywords),
      categories: new Set(folded(constraints?.exclude_categories)),
      merchants: new Set(folded(constraints?.exclude_merchants)),
      itemTypes: folded(constraints?.exclude_item_types),
    },
    prefer: { keywords: folded(constraints?.prefer_keywords), categories: new Set(folded(constraints?.prefer_categories)) },
    avoid: folded(constraints?.avoid_keywords),
    minPrice: bounds.min,
    maxPrice: bounds.max === undefined && budget === undefined ? undefined : maxPrice,
    adultAllowed: constraints?.adult_allowed ?? false,
  }
}
