import { describe, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { AppError } from '../../src/errors.ts'
import type { Db } from '../../src/platform/db/index.ts'
import {
  type AnswerTable,
  createIdempotency,
  type Fingerprint,
  hashOfText,
  hashOfValue,
  type KeyedRequest,
} from '../../src/platform/http/idempotency.ts'
import { onEachDatabase } from '../support/databases.ts'
import { DAY, fakeClock } from '../support/fake-clock.ts'

/** Says a value as text with keys in another order and with blanks, as another client's library would. */
const sayOtherwise = (value: unknown): string => {
  if (Array.isArray(value)) return `[ ${value.map(sayOtherwise).join(' ,\n')}]`
  if (typeof value === 'object' && value !== null)
    return `{\t${Object.entries(value)
      .reverse()
      .map(([key, member]) => `${JSON.stringify(key)} : ${sayOtherwise(member)}`)
      .join(' , ')} }`
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 1e15 ? `${value}.0e0` : JSON.stringify(value)
}
/** The text that two equal values share. */
const canonical = (value: any): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return `{${Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)
    .join()}}`
}

describe('fingerprints', () => {
  const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)))

  test('B6: the order of keys, white space and the way numbers are written do not count', async () => {
    await fc.assert(
      fc.asyncProperty(json, async (value) => {
        expect(await hashOfValue(JSON.parse(sayOtherwise(value)))).toBe(await hashOfValue(value))
      }),
    )
    expect(await hashOfValue(JSON.parse('{"a":1,"b":[1.50,-0]}'))).toBe(await hashOfValue(JSON.parse('{"b":[15e-1,0],"a":1.0}')))
  })

  test('whatever differs in value differs in its fingerprint', async () => {
    await fc.assert(
      fc.asyncProperty(json, json, async (a, b) => {
        expect((await hashOfValue(a)) === (await hashOfValue(b))).toBe(canonical(a) === canonical(b))
      }),
    )
    const apart = [
      {},
      [],
      null,
      '',
      0,
      false,
      '0',
      'null',
      [[]],
      [{}],
      { a: 1 },
      { a: '1' },
      { a: [1] },
      ['a', 1],
      [['a'], 1],
      '{}',
    ]
    const hashes = await Promise.all(apart.map((value) => hashOfValue(value)))
    expect(new Set(hashes).size).toBe(apart.length)
    expect(await hashOfValue({ at: new Date(0) })).toBe(await hashOfValue({ at: '1970-01-01T00:00:00.000Z' }))
    expect(await hashOfValue([1, 2])).not.toBe(await hashOfValue([2, 1]))
  })

  test('members of the outermost object can be left out; undefined ones are absent', async () => {
    const items = [{ fence: 1 }]
    const plain = await hashOfValue({ items })
    expect(await hashOfValue({ fence: 3, items, task_id: 'x' }, ['task_id', 'fence'])).toBe(plain)
    expect(await hashOfValue({ items, task_id: undefined })).toBe(plain)
    expect(await hashOfValue({ items: [{ fence: 2 }] }, ['fence'])).not.toBe(plain)
    expect(await hashOfValue({ items, task_id: null })).not.toBe(plain)
  })

  test('the hash of a text is SHA-256 of its UTF-8, also where a piece would end inside a character', async () => {
    for (const text of ['', 'a', '😀'.repeat(50_000), `x${'😀'.repeat(50_000)}`, 'ж'.repeat(200_000)])
      for (const encoding of ['hex', 'base64url'] as const)
        expect(await hashOfText(text, encoding)).toBe(new Bun.CryptoHasher('sha256').update(text).digest(encoding))
  })

  test('hashing 32 MiB lets others have many turns meanwhile', async () => {
    const item = { title: 'Подарок', raw: { list: [1, 2, { deep: 'x'.repeat(30) }], flag: true, text: 'я'.repeat(40) } }
    const body = { items: Array.from({ length: 130_000 }, (_, n) => ({ ...item, n })) }
    const text = JSON.stringify(body)
    expect(Buffer.byteLength(text)).toBeGreaterThan(24 * 1024 * 1024)
    let turns = 0
    let isOver = false
    const turn = () => {
      turns++
      if (!isOver) setImmediate(turn)
    }
    setImmediate(turn)
    const value = await hashOfValue(body)
    const ofValue = turns
    await hashOfText(text, 'hex')
    isOver = true
    expect(ofValue).toBeGreaterThan(10)
    expect(turns).toBeGreaterThan(ofValue)
    expect(await hashOfValue(JSON.parse(text))).toBe(value)
  }, 300_000)
})

/** The three tables of the families, each with what a family keeps in it. */
const TABLES: {
  name: string
  kept: AnswerTable<any>
  identity: Record<string, string>
  answers: [unknown, unknown]
  old: string
}[] = [
  {
    name: 'gifty',
    kept: {
      table: 'idempotency_keys',
      identity: { scope: 'text', key: 'text' },
      answer: { response: 'jsonb' },
      pending: {},
      encode: (answer) => ({ response: JSON.stringify(answer) }),
      decode: ({ response }) => (typeof response === 'string' ? JSON.parse(response) : response),
      time: 'timestamptz',
      hasCreatedAt: true,
    },
    identity: { scope: 's', key: 'k' },
    answers: [{ n: 1 }, { n: 2 }],
    old: 'update idempotency_keys set fingerprint = null',
  },
  {
    name: 'crawler',
    kept: {
      table: 'crawler_receipts',
      identity: { key: 'text' },
      answer: { response: 'text' },
      pending: {},
      encode: (answer) => ({ response: JSON.stringify(answer) }),
      decode: ({ response }) => JSON.parse(response),
      time: 'bigint',
      hasCreatedAt: false,
    },
    identity: { key: 'k' },
    answers: [{ n: 1 }, { n: 2 }],
    old: 'update crawler_receipts set fingerprint = null',
  },
]

onEachDatabase('idempotency', (database) => {
  for (const { name, kept, identity, answers, old } of TABLES)
    describe(name, () => {
      const a: Fingerprint = { value: 'value a', text: 'text a' }
      const b: Fingerprint = { value: 'value b', text: 'text b' }
      const make = (db: Db, clock = fakeClock()) => {
        const store = createIdempotency<unknown>(
          { db, clock },
          { kept, conflict: () => new AppError('conflict', 422, 'other'), inProgress: () => new AppError('busy', 409, 'busy') },
        )
        let effects = 0
        return {
          store,
          clock,
          effects: () => effects,
          once: (fingerprint: Fingerprint, answer: unknown, of: KeyedRequest['identity'] = identity) =>
            db.tx((tx) =>
              store.once(tx, { identity: of, fingerprint }, function* (keep) {
                effects++
                if (answer instanceof Error) throw answer
                yield* keep(answer)
                return answer
              }),
            ),
        }
      }

      test('one effect and one answer a key; another body is refused', async () => {
        const db = await database.fresh()
        const rig = make(db)
        expect(await rig.once(a, answers[0])).toEqual({ answer: answers[0], replayed: false })
        expect(await rig.once(a, answers[1])).toEqual({ answer: answers[0], replayed: true })
        // The same value in another text.
        expect(await rig.once({ ...a, text: 'another' }, answers[1])).toMatchObject({ replayed: true })
        await expect(rig.once(b, answers[1])).rejects.toThrow('other')
        await expect(rig.once({ ...a, value: b.value }, answers[1])).rejects.toThrow('other')
        expect(await rig.once(b, answers[1], { ...identity, key: 'k2' })).toEqual({ answer: answers[1], replayed: false })
        expect(rig.effects()).toBe(2)
      })

      test('an effect that fails is forgotten', async () => {
        const rig = make(await database.fresh())
        await expect(rig.once(a, new Error('failed'))).rejects.toThrow('failed')
        expect(await rig.once(b, answers[1])).toEqual({ answer: answers[1], replayed: false })
      })

      test('answers are kept for 24 h, and purged', async () => {
        const db = await database.fresh()
        const rig = make(db)
        await rig.once(a, answers[0])
        rig.clock.advance(DAY - 1)
        expect(await rig.once(a, answers[1])).toMatchObject({ replayed: true })
        const purge = () => db.tx((tx) => rig.store.purge(tx, new Date(rig.clock.now())))
        const rows = async () => Number((await db.sql<{ n: number }>(sql.raw(`select count(*) as n from ${kept.table}`)))[0]?.n)
        await purge()
        expect(await rows()).toBe(1)
        rig.clock.advance(1)
        expect(await rig.once(b, answers[1])).toEqual({ answer: answers[1], replayed: false })
        expect(await rig.once(b, answers[0])).toEqual({ answer: answers[1], replayed: true })
        rig.clock.advance(DAY)
        await purge()
        expect(await rows()).toBe(0)
      })

      test('what the release before has kept is compared as it was: by the text', async () => {
        const db = await database.fresh()
        const rig = make(db)
        await rig.once(a, answers[0])
        await db.sql(sql.raw(old))
        expect(await rig.once(a, answers[1])).toEqual({ answer: answers[0], replayed: true })
        expect(await rig.once({ value: 'unknown to it', text: a.text }, answers[1])).toMatchObject({ replayed: true })
        await expect(rig.once({ value: a.value, text: b.text }, answers[1])).rejects.toThrow('other')
      })

      test('of requests at once, in several processes, one has an effect; the others wait for its answer', async () => {
        const clock = fakeClock()
        const [one, two] = [make(await database.fresh(), clock), make(await database.second(), clock)]
        const got = await Promise.all(Array.from({ length: 8 }, (_, n) => (n % 2 ? one : two).once(a, answers[0])))
        expect(got.filter(({ replayed }) => !replayed)).toHaveLength(1)
        expect(new Set(got.map(({ answer }) => JSON.stringify(answer))).size).toBe(1)
        expect(one.effects() + two.effects()).toBe(1)
      })

      test('a family may refuse a second request while the first is under way', async () => {
        const { store } = make(await database.fresh())
        let end = () => {}
        const first = store.alone(identity, () => new Promise<void>((resolve) => (end = resolve)))
        await expect(store.alone(identity, async () => {})).rejects.toThrow('busy')
        expect(await store.alone({ ...identity, key: 'other' }, async () => 'done')).toBe('done')
        end()
        await first
        expect(await store.alone(identity, async () => 'done')).toBe('done')
      })
    })
})
