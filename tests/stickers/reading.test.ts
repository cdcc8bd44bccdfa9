import { beforeEach, expect, test } from 'bun:test'
import { createStickersServices } from '../../src/stickers/index.ts'
import { stickerSetDto, stickerSetPage } from '../../src/stickers/stickersets/model.ts'
import { onEachDatabase } from '../support/databases.ts'
import { iso, START } from '../support/fake-clock.ts'
import { info, makeRig, problems, type Rig, RUSSIAN } from './rig.ts'

/** mulberry32, as everywhere in the tests. */
const seeded = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}
const names = (page: any): string[] => page.content.map((set: any) => set.name)

onEachDatabase('stickers: reading', (database) => {
  let app: Rig
  beforeEach(async () => {
    app = await makeRig(database)
  })
  /** Sets as rows, quicker than by creates. */
  const plant = async (rows: Record<string, unknown>[]) => {
    const value = (given: unknown) =>
      given === null ? 'null' : typeof given === 'number' ? String(given) : `'${String(given).replaceAll("'", "''")}'`
    const time = (ms: number) => (database.dialect === 'sqlite' ? String(ms) : `'${iso(ms)}'`)
    const texts = rows.map((row, n) => {
      const all: Record<string, any> = {
        user_id: 1,
        author_id: 1,
        name: `set_${n}`,
        title: `Set ${n}`,
        state: 'ACTIVE',
        visibility: 'PUBLIC',
        likes_count: 0,
        created: START,
        ...row,
      }
      const { created, ...plain } = all
      return `(${Object.values(plain).map(value).join(', ')}, ${time(created)}, 'USER', ${value(`${all.title}\n${all.name}`.toLowerCase())})`
    })
    await app.run(
      `insert into stickersets (user_id, author_id, name, title, state, visibility, likes_count, created_at, type, search_text) values ${texts.join(', ')}`,
    )
  }

  test('stickers §9.26: a DTO has exactly 22 keys, a page 9, a search 5, check 4 or 2', async () => {
    const { id } = await app.create('shape', { categoryKeys: ['cute'], visibility: 'PUBLIC' }, 'userId=1&authorId=1')
    for (const set of [
      await app.read(id),
      await app.read(id, ''),
      await app.must(200, 'POST', `/${id}/unpublish`),
      (await app.must(200, 'GET', '/author/1')).content[0],
    ]) {
      expect(Object.keys(set)).toHaveLength(22)
      expect(stickerSetDto.safeParse(set).error).toBeUndefined()
    }
    const page = await app.must(200, 'GET', '/author/1')
    expect(Object.keys(page)).toHaveLength(9)
    expect(stickerSetPage.safeParse(page).error).toBeUndefined()
    expect(Object.keys(await app.must(200, 'GET', '/search'))).toEqual(['content', 'limit', 'offset', 'totalElements', 'hasNext'])
    expect(Object.keys(await app.must(200, 'GET', '/check?name=shape'))).toEqual(['exists', 'name', 'id', 'title'])
    expect(Object.keys(await app.must(200, 'GET', '/check?name=none'))).toEqual(['exists', 'name'])
  })

  test('stickers §9.27: an author’s list holds active sets of any visibility, and none that are merely owned', async () => {
    await plant([
      { name: 'open' },
      { name: 'hidden', visibility: 'PRIVATE' },
      { name: 'deleted', state: 'DELETED' },
      { name: 'blocked', state: 'BLOCKED' },
      { name: 'owned', author_id: null },
      { name: 'others', author_id: 2, user_id: 1 },
      { name: 'written', author_id: 1, user_id: 2 },
    ])
    expect(names(await app.must(200, 'GET', '/author/1?sort=id&direction=ASC'))).toEqual(['open', 'hidden', 'written'])
    expect(await app.must(200, 'GET', '/author/77')).toEqual({
      ...{ content: [], page: 0, size: 20, totalElements: 0, totalPages: 0 },
      ...{ first: true, last: true, hasNext: false, hasPrevious: false },
    })
    expect(info(await app.send('GET', '/author/77'))).toBe('fresh')
    await app.run(`insert into stickerset_categories (stickerset_id, category_id) values (1, 1), (1, 2), (2, 2), (7, 3)`)
    await app.run('update sticker_categories set is_active = false where id = 2')
    try {
      const filtered = await app.must(
        200,
        'GET',
        '/author/1?categoryKeys=animals,%20memes%20,,animals,unknown&sort=id&direction=ASC',
      )
      expect([names(filtered), filtered.totalElements]).toEqual([['open', 'hidden'], 2])
      expect(
        names(await app.must(200, 'GET', '/author/1?categoryKeys=memes&categoryKeys=emotions&sort=id&direction=ASC')),
      ).toEqual(['open', 'hidden', 'written'])
      expect((await app.must(200, 'GET', '/author/1?categoryKeys=unknown')).totalElements).toBe(0)
      expect((await app.must(200, 'GET', '/author/1?categoryKeys=,%20,')).totalElements).toBe(3)
      expect(filtered.content[0].categories.map(({ key, isActive }: any) => [key, isActive])).toEqual([
        ['animals', true],
        ['memes', false],
      ])
    } finally {
      await app.run('update sticker_categories set is_active = true where id = 2')
    }
  })

  test('stickers §9.27: values outside the table are 400', async () => {
    for (const [query, field, code] of [
      ['size=0', 'size', 'invalid_number'],
      ['size=101', 'size', 'invalid_number'],
      ['page=-1', 'page', 'invalid_number'],
      ['page=2147483648', 'page', 'invalid_number'],
      ['page=1.0', 'page', 'invalid_number'],
      ['direction=asc', 'direction', 'invalid_choice'],
      ['sort=userId', 'sort', 'invalid_choice'],
      ['sort=CreatedAt', 'sort', 'invalid_choice'],
      ['preview=maybe', 'preview', 'invalid_boolean'],
    ] as const)
      expect([query, ...problems(await app.send('GET', `/author/1?${query}`))]).toEqual([query, [field, code]])
    expect((await app.send('GET', '/author/1?sort=userId')).body.message).toBe(
      'sort must be one of: id, createdAt, title, name, likesCount, visibility',
    )
    expect((await app.must(200, 'GET', '/author/1?page=2147483647&size=100')).hasPrevious).toBe(true)
  })

  test('stickers §9.27: every sort pages through equal values without repeats or gaps, ties by id in the same direction', async () => {
    const random = seeded(5)
    const titles = ['a', 'B', 'b', 'Ё', 'ё', 'я', 'А', '😀', '\uffee', '_', 'aa']
    await plant(
      Array.from({ length: 60 }, (_, n) => ({
        name: `${'zZ_aA9'[n % 6]}_${n}`.toLowerCase(),
        title: titles[Math.floor(random() * titles.length)],
        likes_count: Math.floor(random() * 3),
        visibility: random() < 0.5 ? 'PUBLIC' : 'PRIVATE',
        created: START + Math.floor(random() * 4),
      })),
    )
    const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
    const compare = (a: any, b: any) => (typeof a === 'string' ? byBytes(a, b) : Number(a) - Number(b))
    for (const sort of ['id', 'createdAt', 'title', 'name', 'likesCount', 'visibility'])
      for (const direction of ['ASC', 'DESC']) {
        const got: any[] = []
        for (let page = 0; page < 9; page++) {
          const answer = await app.must(
            200,
            'GET',
            `/author/1?sort=${sort}&direction=${direction}&page=${page}&size=7&shortInfo=1`,
          )
          expect(answer).toMatchObject({
            totalElements: 60,
            totalPages: 9,
            first: page === 0,
            last: page === 8,
            hasNext: page < 8,
          })
          got.push(...answer.content)
        }
        const expected = [...got].sort((a, b) => (compare(a[sort], b[sort]) || a.id - b.id) * (direction === 'ASC' ? 1 : -1))
        expect([sort, direction, got.map((set) => set.id)]).toEqual([sort, direction, expected.map((set) => set.id)])
        expect(new Set(got.map((set) => set.id)).size).toBe(60)
      }
    expect((await app.must(200, 'GET', '/author/1?page=9&size=7')).content).toEqual([])
    expect(await app.must(200, 'GET', '/author/1?page=9&size=7')).toMatchObject({
      totalElements: 60,
      last: true,
      hasPrevious: true,
    })
  })

  test('stickers §9.30: search finds parts of titles, names and categories in both languages, whatever the case', async () => {
    await plant([
      { name: 'cool_cats', title: 'Смешные Котики', likes_count: 3 },
      { name: 'coolxcats', title: 'DOGS 100%', likes_count: 3, created: START + 1 },
      { name: 'plain', title: 'Ёлка', likes_count: 9 },
      { name: 'hidden_cats', title: 'Котики', visibility: 'PRIVATE' },
      { name: 'deleted_cats', title: 'Котики', state: 'DELETED' },
      { name: 'blocked_cats', title: 'Котики', state: 'BLOCKED' },
    ])
    await app.run('insert into stickerset_categories (stickerset_id, category_id) values (1, 5), (3, 1), (3, 2), (4, 1)')
    await app.run('update sticker_categories set is_active = false where id = 2')
    const search = async (query: string, more = '') =>
      names(await app.must(200, 'GET', `/search?query=${encodeURIComponent(query)}${more}`))
    try {
      for (const [query, found] of [
        ['', ['plain', 'coolxcats', 'cool_cats']],
        ['   ', ['plain', 'coolxcats', 'cool_cats']],
        ['КОТИК', ['cool_cats']],
        ['отики мешн', ['cool_cats']],
        ['ёЛК', ['plain']],
        ['cats', ['coolxcats', 'cool_cats']],
        ['L_C', ['cool_cats']],
        ['0%', ['coolxcats']],
        ['%', ['coolxcats']],
        ['\\', []],
        ['ANIM', ['plain', 'cool_cats']],
        ['живот', ['plain']],
        ['аниме cats', ['cool_cats']],
        ['animals ёлка plain', ['plain']],
        ['animals cats', []],
        ['memes', []],
        ['Мемы', []],
        ['s\u2003c\t', ['coolxcats', 'cool_cats']],
      ] as const)
        expect([query, (await search(query)).sort()]).toEqual([query, [...found].sort() as string[]])
      expect(await search('')).toEqual(['plain', 'coolxcats', 'cool_cats'])
      expect(await search('', '&limit=1&offset=1')).toEqual(['coolxcats'])
      expect(await app.must(200, 'GET', '/search?limit=2&offset=1')).toMatchObject({
        limit: 2,
        offset: 1,
        totalElements: 3,
        hasNext: false,
      })
      expect(await app.must(200, 'GET', '/search?limit=2')).toMatchObject({ limit: 2, offset: 0, hasNext: true })
      expect(await app.must(200, 'GET', '/search?offset=2147483647')).toMatchObject({
        content: [],
        totalElements: 3,
        hasNext: false,
      })
    } finally {
      await app.run('update sticker_categories set is_active = true where id = 2')
    }
    for (const [query, field, code] of [
      [`query=${'я'.repeat(101)}`, 'query', 'too_long'],
      ['limit=0', 'limit', 'invalid_number'],
      ['limit=101', 'limit', 'invalid_number'],
      ['offset=-1', 'offset', 'invalid_number'],
    ] as const)
      expect(problems(await app.send('GET', `/search?${query}`))).toEqual([[field, code]])
    expect((await app.send('GET', `/search?query=${encodeURIComponent(` ${'я '.repeat(50)} `)}`)).status).toBe(200)
    expect((await app.send('GET', `/search?query=${'y'.repeat(101)}`, undefined, RUSSIAN)).body.message).toBe(
      'query: не более 100 символов',
    )
  })

  test('stickers §9.28: a preview is one sticker of the set, drawn anew; all else stays', async () => {
    await app.create('pre', { visibility: 'PUBLIC' }, 'userId=1&authorId=1')
    const whole = (await app.must(200, 'GET', '/author/1')).content[0].telegramStickerSetInfo
    const drawn = new Set<string>()
    for (const path of ['/author/1', '/search'])
      for (let n = 0; n < 25; n++) {
        const { stickers, ...rest } = (await app.must(200, 'GET', `${path}?preview=true`)).content[0].telegramStickerSetInfo
        expect(stickers).toHaveLength(1)
        expect(whole.stickers).toContainEqual(stickers[0])
        expect({ ...rest, stickers: whole.stickers }).toEqual(whole)
        drawn.add(stickers[0].file_id)
      }
    expect(drawn.size).toBeGreaterThan(1)
    expect((await app.must(200, 'GET', '/author/1?preview=1&shortInfo=1')).content[0].telegramStickerSetInfo).toBeNull()
    expect((await app.must(200, 'GET', '/1?preview=1')).telegramStickerSetInfo.stickers).toHaveLength(5)
  })

  test('stickers §5: a preview is drawn uniformly, and sets with nothing to draw from stay as they are', async () => {
    const { drawPreview } = await import('../../src/stickers/stickersets/rows.ts')
    const random = seeded(7)
    const counts = [0, 0, 0, 0, 0]
    for (let n = 0; n < 5000; n++) counts[JSON.parse(drawPreview('{"a":1,"stickers":[0,1,2,3,4],"z":2}', random)).stickers[0]]!++
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(120)
    for (const same of ['{"a":1}', '{"stickers":[]}', '{"stickers":[7]}', '{"stickers":{"0":1,"1":2}}', '{"stickers":null}'])
      expect(drawPreview(same, random)).toBe(same)
    expect(typeof createStickersServices(app.platform, random).stickersets.ofAuthor).toBe('function')
  })

  test('stickers §8: a page costs the same number of queries, however long it is', async () => {
    await plant(Array.from({ length: 50 }, (_, n) => ({ name: `q${n}` })))
    await app.run('insert into stickerset_categories (stickerset_id, category_id) select id, 1 + id % 15 from stickersets')
    const count = async (size: number) => {
      let queries = 0
      const counting = new Proxy(app.db, {
        get: (db, key) => {
          if (key !== 'statement') return (db as any)[key]
          return (...given: any[]) => {
            const statement = (db as any).statement(...given)
            const all = (params: any) => {
              queries++
              return statement.all(params)
            }
            return { ...statement, all }
          }
        },
      })
      const { stickersets } = createStickersServices({ ...app.platform, db: counting })
      const request = {
        authorId: 1,
        page: 0,
        size,
        sort: 'id',
        direction: 'ASC',
        categoryKeys: [],
        shortInfo: false,
        preview: false,
      } as const
      const { json } = await stickersets.ofAuthor({ ...request, categoryKeys: [] }, 'en')
      expect(JSON.parse(json).content).toHaveLength(size)
      return queries
    }
    expect(await count(50)).toBe(await count(1))
    expect(await count(50)).toBe(4)
  })
})
