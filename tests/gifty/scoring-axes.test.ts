import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { AXES, giftVector } from '../../src/gifty/scoring.ts'

const schema = giftVector()
const read = (vector: unknown) => schema.safeParse(vector)

describe('gifty §5: axes of a gift vector', () => {
  test('names match in any case, with spaces and hyphens; unknown ones are ignored as they were given', () => {
    expect(read({ 'Wow-Factor': 1, ' USAGE  frequency ': '2.5', Sparkle: 'x', 'social risk': 0 }).data).toEqual({
      axes: { wow_factor: 1, usage_frequency: 2.5, social_risk: 0 },
      ignored: ['Sparkle'],
    })
    expect(read({}).data).toEqual({ axes: {}, ignored: [] })
    expect(read(JSON.parse('{"__proto__": 1, "constructor": 2}')).data?.axes).toEqual({})
  })

  test('values out of range, of another type, or an axis given twice refuse the vector', () => {
    for (const [vector, path] of [
      [{ warmth: 10.01 }, ['warmth']],
      [{ warmth: -1 }, ['warmth']],
      [{ warmth: 'warm' }, ['warmth']],
      [{ warmth: null }, ['warmth']],
      [{ warmth: true }, ['warmth']],
      [{ warmth: { a: 1 } }, ['warmth']],
      [{ gender_bias: 10.5 }, ['gender_bias']],
      [{ gender_bias: 'other' }, ['gender_bias']],
      [{ age_suitability: { child: 11 } }, ['age_suitability', 'child']],
      [{ age_suitability: { child: { x: 1 } } }, ['age_suitability', 'child']],
      [{ age_suitability: [1] }, ['age_suitability']],
      [{ wow_factor: 1, 'Wow Factor': 1 }, ['Wow Factor']],
    ] as const)
      expect(read(vector).error?.issues.map((issue) => issue.path)).toEqual([[...path]])
    for (const vector of ['x', 5, [], [1]]) expect(read(vector).success).toBe(false)
  })

  test('gender_bias takes -10..10 or a word, age_suitability a number or segments', () => {
    expect(read({ gender_bias: -10, age_suitability: { teen: 0, 'старше 60': 10 } }).data?.axes).toEqual({
      gender_bias: -10,
      age_suitability: { teen: 0, 'старше 60': 10 },
    })
    expect(read({ 'Gender Bias': ' Unisex ', age_suitability: 4 }).data?.axes).toEqual({
      gender_bias: 'unisex',
      age_suitability: 4,
    })
  })

  test('what is stored is always within range and named by the contract', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.oneof(fc.constantFrom(...AXES, 'Wow-Factor', 'x'), fc.string()), fc.oneof(fc.double(), fc.jsonValue())),
        (vector) => {
          const { data } = read(vector)
          for (const [axis, value] of Object.entries(data?.axes ?? {})) {
            expect(AXES as readonly string[]).toContain(axis)
            const numbers = typeof value === 'object' ? Object.values(value) : [value]
            for (const one of numbers)
              if (typeof one === 'number') expect(one >= (axis === 'gender_bias' ? -10 : 0) && one <= 10).toBe(true)
              else expect(axis).toBe('gender_bias')
          }
        },
      ),
    )
  })
})
