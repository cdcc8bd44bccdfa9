import { z } from 'zod'

/** The axes of a gift's vector (gifty §5). */
export const AXES = [
  'wow_factor',
  'warmth',
  'romance',
  'practicality',
  'usage_frequency',
  'occasion_versatility',
  'aesthetics',
  'social_risk',
  'age_suitability',
  'gender_bias',
] as const
export type Axis = (typeof AXES)[number]
const GENDERS = ['masculine', 'feminine', 'unisex'] as const
export type AxisValue = number | string | Record<string, number>
export type GiftVector = Partial<Record<Axis, AxisValue>>

const known: ReadonlySet<string> = new Set(AXES)
const MAX = 10
const toNumber = (value: unknown): unknown =>
  typeof value === 'string' && /^\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?\s*$/i.test(value) ? Number(value) : value

/** "Wow-Factor", "wow factor" -> `wow_factor`. */
export const axisName = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, '_')

/** The value as it is stored, or its problem; `segment` names the part of an object. */
const readValue = (axis: string, value: unknown): { value: AxisValue } | { problem: string; segment?: string } => {
  const plain = toNumber(value)
  const low = axis === 'gender_bias' ? -MAX : 0
  if (typeof plain === 'number' && Number.isFinite(plain))
    return plain >= low && plain <= MAX ? { value: plain } : { problem: `Input should lie within ${low} and ${MAX}` }
  if (axis === 'gender_bias' && typeof value === 'string') {
    const word = value.trim().toLowerCase()
    return (GENDERS as readonly string[]).includes(word)
      ? { value: word }
      : { problem: `Input should be a number or one of ${GENDERS.join(', ')}` }
  }
  if (axis === 'age_suitability' && typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const segments: [string, number][] = []
    for (const [segment, given] of Object.entries(value)) {
      const read = readValue('', given)
      if ('problem' in read) return { problem: read.problem, segment }
      segments.push([segment, read.value as number])
    }
    return { value: Object.fromEntries(segments) }
  }
  return { problem: 'Input should be a number' }
}

/**
 * A vector as a worker sends it -> `{axes, ignored}`: names in snake case, values checked, unknown axes named as they were given. A value out
 * of range or an axis given twice refuses the element.
 */
export const giftVector = () =>
  z.record(z.string(), z.unknown()).transform((given, context) => {
    const axes = new Map<string, AxisValue>()
    const ignored: string[] = []
    for (const [name, value] of Object.entries(given)) {
      const axis = axisName(name)
      const refuse = (message: string, ...path: string[]) =>
        context.issues.push({ code: 'custom', message, input: value, path: [name, ...path] })
      if (!known.has(axis)) ignored.push(name)
      else if (axes.has(axis)) refuse(`The axis ${axis} is given twice`)
      else {
        const read = readValue(axis, value)
        if ('problem' in read) refuse(read.problem, ...(read.segment === undefined ? [] : [read.segment]))
        axes.set(axis, 'value' in read ? read.value : 0)
      }
    }
    return { axes: Object.fromEntries(axes) as GiftVector, ignored }
  })
