import { afterEach, beforeEach, expect, test } from 'bun:test'
import { type BotApiDouble, json, tooMany } from '../support/bot-api-double.ts'
import { onEachDatabase } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { iso, START } from '../support/fake-clock.ts'
import { info, makeLiveRig, problems, type Rig, RUSSIAN, statuses, whileTimePasses } from './rig.ts'

onEachDatabase('stickers: create', (database) => {
  let app: Rig
  let double: BotApiDouble
  let done: () => Promise<void>
  beforeEach(async () => {
    ;({ app, double, done } = await makeLiveRig(database))
  })
  afterEach(() => done())
  const create = (body: unknown, query = 'userId=1', headers: Record<string, string> = {}) =>
    app.send('POST', `?${query}`, body, headers)

  test('stickers §9.8: a name and an owner are enough; an author who is the owner may publish', async () => {
    const made = await create({ name: 'Plain_Set' }, 'userId=7')
    expect(made.status).toBe(201)
    expect(made.headers.get('location')).toBeNull()
    expect(made.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(info(made)).toBe('fresh')
    expect(made.body).toEqual({
      id: 1,
      userId: 7,
      title: 'Title of plain_set',
      description: null,
      descriptions: null,
      name: 'plain_set',
      url: 'https://t.me/addstickers/plain_set',
      createdAt: iso(START),
      telegramStickerSetInfo: expect.objectContaining({ name: 'plain_set', unheard_of: { deep: [1, null, 'ы'] } }),
      categories: [],
      likesCount: 0,
      state: 'ACTIVE',
      visibility: 'PRIVATE',
      type: 'USER',
      deletedAt: null,
      blockReason: null,
      isPublic: false,
      isBlocked: false,
      isOfficial: false,
      authorId: null,
      availableActions: ['DELETE', 'EDIT_CATEGORIES'],
      isLikedByCurrentUser: false,
    })
    expect((await create({ name: 'own' }, 'userId=7&authorId=7')).body.availableActions).toEqual([
      'DELETE',
      'EDIT_CATEGORIES',
      'PUBLISH',
    ])
    const open = await create({ name: 'open', visibility: 'PUBLIC' }, 'userId=7&authorId=7&shortInfo=true')
    expect(open.body.availableActions).toEqual(['DELETE', 'EDIT_CATEGORIES', 'UNPUBLISH'])
    expect([info(open), open.body.telegramStickerSetInfo]).toEqual(['skipped', null])
    expect((await create({ name: 'others' }, 'userId=7&authorId=8')).body.availableActions).toEqual(['DELETE', 'EDIT_CATEGORIES'])
    expect(await app.balance(7)).toBe(10)
    expect(double.calls).toEqual(['plain_set', 'own', 'open', 'others'])
    expect(
      (await app.rows('select operation, service, stickerset_id, user_id, request_id from stickerset_audit order by id'))[0],
    ).toEqual({
      operation: 'create',
      service: 'dev',
      stickerset_id: expect.anything(),
      user_id: expect.anything(),
      request_id: made.headers.get('x-request-id'),
    })
  })

  test('stickers §9.9: visibility beats isPublic in either order, and nothing else is taken for either', async () => {
    const seen: string[] = []
    for (const [n, body] of [
      '"visibility":"PRIVATE","isPublic":true',
      '"isPublic":true,"visibility":"PRIVATE"',
      '"isPublic":false,"visibility":"PUBLIC"',
      '"visibility":null,"isPublic":true',
      '"isPublic":true',
      '"isPublic":null',
      '"visibility":null',
    ].entries())
      seen.push((await create(`{"name":"v${n}",${body}}`)).body.visibility)
    expect(seen).toEqual(['PRIVATE', 'PRIVATE', 'PUBLIC', 'PUBLIC', 'PUBLIC', 'PRIVATE', 'PRIVATE'])
    for (const [more, field, code] of [
      [{ visibility: 'public' }, 'visibility', 'invalid_choice'],
      [{ visibility: '' }, 'visibility', 'invalid_choice'],
      [{ visibility: 0 }, 'visibility', 'invalid_type'],
      [{ visibility: true }, 'visibility', 'invalid_type'],
      [{ isPublic: 'true' }, 'isPublic', 'invalid_type'],
      [{ isPublic: 1, visibility: 'PUBLIC' }, 'isPublic', 'invalid_type'],
    ] as const)
      expect(problems(await create({ name: 'bad', ...more }))).toEqual([[field, code]])
  })

  test('stickers §9.10: titles of 64 units pass, 65 do not; Telegram’s are cut, never inside a pair', async () => {
    const odd = `«"'\\: 😀${'я'.repeat(56)}`
    expect(odd).toHaveLength(64)
    for (const [n, title] of [odd, 'x'.repeat(64), ` ${'y'.repeat(64)} `].entries())
      expect((await create({ name: `t${n}`, title })).body.title).toBe(title.trim())
    expect(problems(await create({ name: 't', title: 'x'.repeat(65) }))).toEqual([['title', 'too_long']])
    expect((await create({ name: 'blank', title: '  ' })).body.title).toBe('Title of blank')
    double.reply('long', { kind: 'set', more: { title: 'L'.repeat(100) } })
    double.reply('pair', { kind: 'set', more: { title: `${'p'.repeat(63)}😀` } })
    double.reply('wrong', { kind: 'set', more: { title: 5 } })
    double.reply('nul', json({ ok: true, result: { title: 'a\u0000b\ud800' } }))
    double.reply('empty', { kind: 'set', more: { title: ' ' } })
    expect((await create({ name: 'long' })).body.title).toBe('L'.repeat(64))
    expect((await create({ name: 'pair' })).body.title).toBe('p'.repeat(63))
    expect((await create({ name: 'wrong' })).body.title).toBe('wrong')
    expect((await create({ name: 'nul' })).body.title).toBe('ab\ufffd')
    expect((await create({ name: 'empty' })).body.title).toBe('empty')
    const name = 'n'.repeat(150)
    double.reply(name, { kind: 'set', more: { title: undefined } })
    expect((await create({ name })).body.title).toBe('n'.repeat(64))
  })

  test('stickers §9.11: an unknown or inactive category is named and nothing is stored', async () => {
    await app.run(`update sticker_categories set is_active = false where key = 'music'`)
    try {
      const answer = await create({ name: 'x', categoryKeys: ['cute', 'nope', 'music', 'Cute'] }, 'userId=1', RUSSIAN)
      expect(problems(answer)).toEqual([['categoryKeys', 'unknown_categories']])
      expect(answer.body.message).toBe('Неизвестные или неактивные категории: nope, music, Cute')
      for (const keys of ['cute', { 0: 'cute' }, [1], [null], ['cute', ['memes']], 5, true])
        expect(problems(await create({ name: 'x', categoryKeys: keys }))).toEqual([['categoryKeys', 'invalid_type']])
      expect([await app.count('stickersets'), await app.count('sticker_profiles'), double.calls.length]).toEqual([0, 0, 0])
      const made = await create({ name: 'x', categoryKeys: ['memes', 'cute', 'memes'] })
      expect(made.body.categories.map(({ key, name, displayOrder }: any) => [key, name, displayOrder])).toEqual([
        ['memes', 'Memes', 2],
        ['cute', 'Cute', 4],
      ])
      for (const [n, keys] of [[], null, undefined].entries())
        expect((await create({ name: `none${n}`, categoryKeys: keys })).body.categories).toEqual([])
    } finally {
      await app.run(`update sticker_categories set is_active = true where key = 'music'`)
    }
  })

  test('stickers §9.12: language in the query and ids in the body have no effect', async () => {
    const body = {
      name: 'x',
      authorId: 5,
      stickerSetId: 77,
      id: 77,
      state: 'BLOCKED',
      type: 'OFFICIAL',
      likesCount: 9,
      userId: 6,
    }
    const made = await create({ ...body, categoryKeys: ['cute'] }, 'userId=1&language=ru')
    expect(made.body).toMatchObject({ id: 1, userId: 1, authorId: null, state: 'ACTIVE', type: 'USER', likesCount: 0 })
    expect(made.body.categories[0].name).toBe('Cute')
  })

  test('stickers §9.13: owners, content types and bodies that will not do', async () => {
    expect(problems(await create({ name: 'x' }, ''))).toEqual([['userId', 'required']])
    expect(problems(await create({ name: 'x' }, 'userId=%20'))).toEqual([['userId', 'required']])
    expect(problems(await create({ name: 'x' }, 'userId=0'))).toEqual([['userId', 'invalid_number']])
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/ld+json', 'application/jsonp', ''])
      expect((await create('{"name":"x"}', 'userId=1', { 'content-type': type })).body).toMatchObject({
        error: 'Unsupported media type',
        message: 'Content-Type must be application/json',
      })
    const none = await app.app.handle(
      new Request('http://localhost/internal/stickersets?userId=1', {
        method: 'POST',
        headers: { 'x-service-token': 'dev-service-token' },
        body: new Uint8Array([123, 125]),
      }),
    )
    expect(none.status).toBe(415)
    expect((await create('{"name":"typed"}', 'userId=1', { 'content-type': 'Application/JSON; charset=UTF-8' })).status).toBe(201)
    for (const [body, code] of [
      ['null', 'invalid_type'],
      ['[]', 'invalid_type'],
      ['"x"', 'invalid_type'],
      ['5', 'invalid_type'],
      ['{"name":', 'invalid_json'],
      ['{name:1}', 'invalid_json'],
      ['['.repeat(500_000), 'invalid_json'],
      ['', 'required'],
    ] as const)
      expect([body.slice(0, 10), ...problems(await create(body))]).toEqual([body.slice(0, 10), ['body', code]])
    const bytes = await app.app.handle(
      new Request('http://localhost/internal/stickersets?userId=1', {
        method: 'POST',
        headers: { 'x-service-token': 'dev-service-token', 'content-type': 'application/json' },
        body: new Uint8Array([...Buffer.from('{"name":"'), 0xff, ...Buffer.from('"}')]),
      }),
    )
    expect((await bytes.json()).details[0].code).toBe('invalid_json')
    expect((await create(`{"name":"${'x'.repeat(1024 * 1024)}"}`)).body).toMatchObject({
      error: 'Payload too large',
      message: 'The request body is too large',
    })
    expect(problems(await create('{"title":1,"description":[],"categoryKeys":"x"}', 'userId=x&authorId=0&shortInfo=x'))).toEqual([
      ['userId', 'invalid_number'],
      ['authorId', 'invalid_number'],
      ['shortInfo', 'invalid_boolean'],
      ['name', 'required'],
      ['title', 'invalid_type'],
      ['description', 'invalid_type'],
      ['categoryKeys', 'invalid_type'],
    ])
    expect(problems(await create('{broken', 'userId=0'))).toEqual([
      ['userId', 'invalid_number'],
      ['body', 'invalid_json'],
    ])
  })

  test('stickers §3.2: texts that cannot be stored are refused wherever they stand', async () => {
    for (const bad of ['a\\u0000b', '\\ud800', 'x\\udc00'])
      for (const [field, body] of [
        ['name', `{"name":"${bad}"}`],
        ['title', `{"name":"x","title":"${bad}"}`],
        ['description', `{"name":"x","description":"${bad}"}`],
        ['categoryKeys', `{"name":"x","categoryKeys":["${bad}"]}`],
      ] as const)
        expect(problems(await create(body))).toEqual([[field, 'invalid_text']])
    expect((await create('{"name":"x","note":"\\u0000","description":" 😀 \\n"}')).body.description).toBe(' 😀 \n')
    expect((await create('{"name":"y","description":"  "}')).body.description).toBeNull()
    const long = 'д'.repeat(100_000)
    expect((await create({ name: 'z', description: long })).body.description).toBe(long)
  })

  test('stickers §9.14: a name that is taken or blocked is refused without asking Telegram, however it is written', async () => {
    const { id } = await app.create('taken')
    await app.create('bad')
    await app.block(2, 'spam')
    const calls = double.calls.length
    for (const name of ['taken', 'TAKEN', ' Taken ', 'https://t.me/addstickers/TaKeN/?x'])
      for (const userId of [1, 2]) {
        const answer = await create({ name }, `userId=${userId}`)
        expect(problems(answer)).toEqual([['name', 'already_exists']])
        expect(answer.body.message).toBe('Sticker set taken is already in the gallery')
      }
    expect((await create({ name: 'BAD' })).body.details).toEqual([
      { field: 'name', code: 'blocked', message: 'Sticker set bad is blocked. Reason: spam' },
    ])
    await app.block(id)
    expect((await create({ name: 'taken' })).body.message).toBe('Sticker set taken is blocked. Reason: not given')
    expect((await create({ name: 'taken' }, 'userId=1', RUSSIAN)).body.message).toBe(
      'Стикерсет taken заблокирован. Причина: не указана',
    )
    expect(double.calls.length).toBe(calls)
  })

  test('stickers §9.15: a set that Telegram does not know is 400', async () => {
    double.reply('ghost', { kind: 'missing' })
    const answer = await create({ name: 'Ghost' })
    expect(problems(answer)).toEqual([['name', 'not_in_telegram']])
    expect(answer.body.message).toBe('Sticker set ghost does not exist in Telegram')
    expect(await app.count('stickersets')).toBe(0)
  })

  for (const [what, trouble, retryAfter] of [
    ['500', json({ ok: false }, 500), 5],
    ['429 with a pause in the body', tooMany(30), 30],
    ['429 with a pause in the header', tooMany(undefined, '17'), 17],
    ['429 without a pause', tooMany(), 5],
    ['a body that is no JSON', { kind: 'status', status: 200, body: '<html>' }, 5],
    ['ok:false', json({ ok: false, description: 'no' }), 5],
    ['a result that is a list', json({ ok: true, result: [] }), 5],
    ['403', json({ ok: false, description: 'STICKERSET_INVALID' }, 403), 5],
    ['400 about something else', json({ ok: false, description: 'Bad Request: bot was blocked' }, 400), 5],
    ['a redirect', { kind: 'status', status: 302, headers: { location: '/elsewhere' } }, 5],
  ] as const)
    test(`stickers §9.15: Telegram answering ${what} is 503 with Retry-After, and later the same request succeeds`, async () => {
      double.always(trouble)
      const answer = await whileTimePasses(app, create({ name: 'later' }))
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, String(retryAfter)])
      expect(answer.body).toEqual({
        error: 'Service unavailable',
        message: 'Telegram is not answering, try again later',
        requestId: answer.headers.get('x-request-id'),
      })
      for (const table of ['stickersets', 'sticker_profiles', 'stickerset_audit', 'stickerset_telegram_cache'])
        expect([table, await app.count(table)]).toEqual([table, 0])
      double.always({ kind: 'set' })
      app.clock.advance(31_000)
      expect((await create({ name: 'later' })).status).toBe(201)
      expect(app.lines.join()).not.toContain(double.token)
    })

  test('stickers §9.15: a refused connection and silence are 503 in time, a stale entry is not enough', async () => {
    const { id } = await app.create('known')
    await app.must(204, 'DELETE', `/${id}`)
    app.clock.advance(16 * 60_000)
    await double.down()
    const refused = await whileTimePasses(app, create({ name: 'known' }, 'userId=1', RUSSIAN))
    expect([refused.status, refused.headers.get('retry-after'), refused.body.message]).toEqual([
      503,
      '5',
      'Telegram не отвечает, повторите позже',
    ])
    double.up()
    double.always({ kind: 'silent' })
    const from = app.clock.now()
    const asked = create({ name: 'known' })
    await eventually(() => double.open() === 1)
    const silent = await whileTimePasses(app, asked, { isSilent: true })
    expect([silent.status, silent.headers.get('retry-after')]).toEqual([503, '5'])
    expect(app.clock.now() - from).toBeLessThanOrEqual(8100)
    expect(await app.count('stickersets', `state = 'ACTIVE'`)).toBe(0)
    double.always({ kind: 'set' })
    // As long as Retry-After says: what was silent may still be on its way.
    app.clock.advance(5000)
    // Its call is being ended now, which takes turns of the real event loop: a caller that joins it meanwhile gets its failure once more.
    const again = await eventually(
      () => create({ name: 'known' }),
      ({ status }) => status !== 503,
    )
    expect(again.body.id).toBe(id)
  })

  test('stickers §9.16: 20 parallel identical creates make one set with one upstream call', async () => {
    double.slow(30)
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        create({ name: n % 2 ? 'Same' : 'sAME', visibility: 'PUBLIC' }, `userId=${1 + (n % 3)}`),
      ),
    )
    expect(statuses(answers)).toEqual({ 201: 1, 400: 19 })
    for (const answer of answers) if (answer.status === 400) expect(problems(answer)).toEqual([['name', 'already_exists']])
    expect([await app.count('stickersets'), await app.count('sticker_art_transactions'), double.calls]).toEqual([1, 1, ['same']])
  })
})
