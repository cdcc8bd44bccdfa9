import type { ProductRow } from '../catalog/repository.ts'
import { invalidField } from '../envelope.ts'
import { type Axis, type AxisValue, axisName, type GiftVector } from '../scoring.ts'
import type { Gender, RecommendationsRequest } from './index.ts'

/** Of an axis that a product has no figure for. */
const NEUTRAL = 0.5
/** Names of age segments, and the years they cover. */
const SEGMENTS: [RegExp, number, number][] = [
  [/baby|infant|toddler|малыш/, 0, 3],
  [/child|kid|дет|ребен/, 0, 12],
  [/teen|подрост/, 13, 17],
  [/young|молод/, 18, 30],
  [/middle|средн/, 30, 59],
  [/adult|взросл/, 18, 64],
  [/senior|elder|old|пожил|старш/, 60, 120],
]

/** Characters of a segment's name that is read as ages. */
const MAX_SEGMENT = 100

/** Whether a segment such as "18-25", "60+" or "teen" covers an age; undefined for a name without an age. */
const covers = (segment: string, age: number): boolean | undefined => {
  // A model wrote the name. The expressions below take the square of its length.
  if (segment.length > MAX_SEGMENT) return undefined
  const range = /(\d+)\s*(?:-|–|—|_|to|до)\s*(\d+)/.exec(segment)
  if (range) return age >= Number(range[1]) && age <= Number(range[2])
  const from = /(\d+)\s*\+|(?:from|от|старше|over)\D*(\d+)/.exec(segment)
  if (from) return age >= Number(from[1] ?? from[2])
  const until = /(?:<|under|до|младше)\D*(\d+)/.exec(segment)
  if (until) return age < Number(until[1])
  const named = SEGMENTS.find(([pattern]) => pattern.test(segment))
  return named && age >= named[1] && age <= named[2]
}

const ageSuits = (value: AxisValue, age: number): number | undefined => {
  if (typeof value === 'number') return value / 10
  if (typeof value !== 'object') return undefined
  const fitting = Object.entries(value).filter(([segment]) => covers(segment.toLowerCase(), age))
  return fitting.length === 0 ? undefined : fitting.reduce((sum, [, figure]) => sum + figure, 0) / fitting.length / 10
}
/** -10 is masculine, 10 feminine: 1 for whom the gift is made, 0 for the other, 0.5 for both; `unisex` wants no bias. */
const genderSuits = (value: AxisValue, gender: NonNullable<Profile['gender']>): number | undefined => {
  const words: Record<string, number> = { masculine: -10, feminine: 10, unisex: 0 }
  const bias = typeof value === 'string' ? words[value] : typeof value === 'number' ? value : undefined
  if (bias === undefined) return undefined
  if (gender === 'unisex') return 1 - Math.abs(bias) / 10
  return 0.5 + (gender === 'female' ? bias : -bias) / 20
}

/** How well a product does on one axis, 0..1; undefined without a figure. */
export const axisFit = (axis: Axis, vector: GiftVector | null, { age, gender }: Pick<Profile, 'age' | 'gender'>) => {
  const value = vector?.[axis]
  if (value === undefined || value === null) return undefined
  if (axis === 'age_suitability') return age === undefined ? undefined : ageSuits(value, age)
  if (axis === 'gender_bias') return gender === undefined ? undefined : genderSuits(value, gender)
  if (typeof value !== 'number') return undefined
  return axis === 'social_risk' ? 1 - value / 10 : value / 10
}

/** Mean over the selected axes, each 0.5 without data (gifty §6, rule 3). */
export const axesScore = (vector: GiftVector | null, profile: Pick<Profile, 'axes' | 'age' | 'gender'>): number =>
  profile.axes.length === 0
    ? NEUTRAL
    : profile.axes.reduce((sum, axis) => sum + (axisFit(axis, vector, profile) ?? NEUTRAL), 0) / profile.axes.length

/** A product's texts, folded once. */
export interface FoldedProduct {
  /** Title and description. */
  text: string
  category: string
  merchant: string
}
export const foldProduct = (row: ProductRow): FoldedProduct => ({
  text: fold(`${row.title}\n${row.description ?? ''}`),
  category: fold(row.category ?? ''),
  merchant: fold(row.merchant ?? ''),
})

/** Finds adult goods: `adult` is set in the raw data, or a word begins with one of the keywords (`ADULT_KEYWORDS`). */
const adultFilter = (keywords: readonly string[]) => {
  const escaped = keywords.map((keyword) => fold(keyword).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).filter((word) => word !== '')
  // At the start only: "унисекс" is no adult word.
  const pattern = escaped.length === 0 ? undefined : new RegExp(`(?<![\\p{L}\\p{N}])(?:${escaped.join('|')})`, 'u')
  return (row: ProductRow, { text, category }: FoldedProduct): boolean => {
    const adult = (row.raw as { adult?: unknown } | null)?.adult
    if (adult === true || adult === 1 || (typeof adult === 'string' && /^(?:true|yes|1)$/i.test(adult.trim()))) return true
    return pattern !== undefined && (pattern.test(text) || pattern.test(category))
  }
}

/** Whether a product may be recommended: exclusions, price bounds, budget, adult goods (gifty §6, rule 1). */
export const createConstraints = (adultKeywords: readonly string[]) => {
  const isAdult = adultFilter(adultKeywords)
  return (profile: Profile, row: ProductRow, folded: FoldedProduct): boolean => {
    const { exclude, minPrice, maxPrice } = profile
    if (!row.isActive) return false
    if (minPrice !== undefined && !(row.price !== null && row.price >= minPrice)) return false
    if (maxPrice !== undefined && !(row.price !== null && row.price <= maxPrice)) return false
    if (exclude.categories.has(folded.category) || exclude.merchants.has(folded.merchant)) return false
    if (exclude.itemTypes.some((type) => folded.category.includes(type))) return false
    if (exclude.keywords.some((keyword) => folded.text.includes(keyword))) return false
    return profile.adultAllowed || !isAdult(row, folded)
  }
}
export type Constraints = ReturnType<typeof createConstraints>

/** Longest text that search takes. */
const MAX_TEXT = 1000

/** The requested profile, with aliases resolved and texts folded. */
export interface Profile {
  /** The text that gifts are compared with; empty for a profile without texts. */
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
/** Axes by relationship, and below by occasion (gifty §6, rule 3). Other values select none. */
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
