import type { Axis, AxisValue, GiftVector } from '../scoring/axes.ts'
import type { Profile } from './profile.ts'

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

/** Whether a segment such as "18-25", "60+" or "teen" covers an age; undefined for a name that says nothing. */
const covers = (segment: string, age: number): boolean | undefined => {
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
