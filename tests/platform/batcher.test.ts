import { describe, expect, test } from 'bun:test'
import { createBatcher } from '../../src/platform/batcher.ts'
import { eventually } from '../support/eventually.ts'

/** A batcher of numbers whose batches are answered by hand, with ten times each number. */
const rig = (fits: (set: readonly number[], more: number) => boolean = () => true) => {
  const sets: { asked: readonly number[]; answer(): void; fail(error: Error): void }[] = []
  const ask = createBatcher<number, number>({
    keyOf: (asked) => (asked < 0 ? 'negative' : 'positive'),
    fits,
    run: (asked) =>
      new Promise((resolve, reject) => {
        sets.push({ asked, answer: () => resolve(asked.map((one) => one * 10)), fail: reject })
      }),
  })
  /** The nth set, once it is under way. */
  const set = async (n: number) => {
    await eventually(() => sets.length > n)
    return sets[n] as (typeof sets)[0]
  }
  return { ask, set, asked: () => sets.map(({ asked }) => asked) }
}

describe('engine: batcher', () => {
  test('calls of one moment run together, and those that come meanwhile after them', async () => {
    const { ask, set, asked } = rig()
    const first = [1, 2].map(ask)
    expect(asked()).toEqual([])
    const { answer } = await set(0)
    const later = [3, 4, 5].map(ask)
    expect(asked()).toEqual([[1, 2]])
    answer()
    ;(await set(1)).answer()
    expect(await Promise.all([...first, ...later])).toEqual([10, 20, 30, 40, 50])
    expect(asked()).toEqual([
      [1, 2],
      [3, 4, 5],
    ])
  })

  test('what does not fit goes in a set of its own, in the order it came', async () => {
    const { ask, set, asked } = rig((some, more) => some[0]! % 2 === more % 2)
    const answers = [1, 2, 3, 4, 5].map(ask)
    for (let n = 0; n < 2; n++) (await set(n)).answer()
    expect(await Promise.all(answers)).toEqual([10, 20, 30, 40, 50])
    expect(asked()).toEqual([
      [1, 3, 5],
      [2, 4],
    ])
  })

  test('a set that fails is done again one by one: no call fails for another', async () => {
    const { ask, set, asked } = rig()
    const answers = Promise.allSettled([1, 2].map(ask))
    ;(await set(0)).fail(new Error('of one of them'))
    ;(await set(1)).answer()
    ;(await set(2)).fail(new Error('its own'))
    expect((await answers).map((one) => (one.status === 'fulfilled' ? one.value : one.reason.message))).toEqual([10, 'its own'])
    expect(asked()).toEqual([[1, 2], [1], [2]])
  })

  test('a set whose answers are fewer than its requests is done again one by one', async () => {
    const ask = createBatcher<number, number>({
      keyOf: () => '',
      fits: () => true,
      run: async (asked) => (asked.length > 1 ? (undefined as never) : asked.map((one) => one * 10)),
    })
    expect(await Promise.all([1, 2, 3].map(ask))).toEqual([10, 20, 30])
  })

  test('requests of another key do not wait', async () => {
    const { ask, set, asked } = rig()
    const answers = [1, 2, -1].map(ask)
    ;(await set(1)).answer()
    expect(await answers[2]).toBe(-10)
    expect(asked()).toEqual([[1, 2], [-1]])
    ;(await set(0)).answer()
    expect(await Promise.all(answers)).toEqual([10, 20, -10])
  })

  test('a set that hangs does not hold up those after it', async () => {
    const { ask, set } = rig()
    const hanging = ask(1)
    await set(0)
    const next = ask(2)
    ;(await set(1)).answer()
    expect(await next).toBe(20)
    ;(await set(0)).answer()
    expect(await hanging).toBe(10)
  })
})
