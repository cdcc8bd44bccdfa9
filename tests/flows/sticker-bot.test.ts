import { afterAll, beforeAll, expect, test } from 'bun:test'
import { TOKEN as BOT, type BotApiDouble, json, setOf, startBotApi } from '../support/bot-api-double.ts'
import { clientOf, INT, initDataOf, MILLIS, onEachServer, type Reply, TEXT } from './rig.ts'

/** Telegram's Bot API for this file. */
const telegram: BotApiDouble = startBotApi()
afterAll(() => telegram.down())
const env = () => ({
  ...{ FAMILIES: 'stickers', TELEGRAM_BOT_TOKEN: BOT, TELEGRAM_BOT_API_URL: telegram.url },
  SERVICE_TOKENS: 'bot:token-of-the-bot;miniapp:token-of-the-miniapp:read',
})
/** The largest id there is (stickers §3.2), as a bot writes it: text in the query. */
const OWNER = '9007199254740991'
const ANIMALS = { id: INT, key: 'animals', iconUrl: null, displayOrder: 1, isActive: true }

/** stickers §4.1: the 22 keys of a set that the bot has just made. */
const setMade = (name: string, more: Record<string, unknown> = {}) => ({
  ...{ id: INT, userId: Number(OWNER), title: `Title of ${name}`, description: null, descriptions: null, name },
  ...{ url: `https://t.me/addstickers/${name}`, createdAt: MILLIS, telegramStickerSetInfo: setOf(name) as unknown },
  ...{ categories: [] as unknown[], likesCount: 0, state: 'ACTIVE', visibility: 'PRIVATE', type: 'USER', deletedAt: null },
  ...{ blockReason: null, isPublic: false, isBlocked: false, isOfficial: false, authorId: null as number | null },
  ...{ availableActions: ['DELETE', 'EDIT_CATEGORIES'], isLikedByCurrentUser: false },
  ...more,
})
/** As everybody but its maker sees it (stickers §4.1). */
const READ = { availableActions: [] }
const page = (content: unknown[], more: Record<string, unknown> = {}) => ({
  ...{ content, page: 0, size: 20, totalElements: content.length, totalPages: 1, first: true, last: true, hasNext: false },
  ...{ hasPrevious: false, ...more },
})

onEachServer("The sticker gallery's bot and mini app", env, (server) => {
  // The next server asks anew what this one has cached.
  beforeAll(() => {
    telegram.calls.length = 0
  })

  test('a set from the chat to the inline search, and out of the gallery again', async () => {
    const gallery = `${server.origin()}/internal/stickersets`
    const initData = initDataOf(BOT, { id: 77, first_name: 'Ann', language_code: 'ru' })
    const bot = clientOf(gallery, { 'x-service-token': ' token-of-the-bot ' })
    const miniApp = clientOf(gallery, {
      'x-service-token': 'token-of-the-miniapp',
      'x-language': 'ru',
      'x-telegram-init-data': initData,
    })
    const info = ({ headers }: Reply) => headers.get('x-telegram-info')

    // §2: initData alone opens nothing; the mini app's backend has a token, and reads with it.
    const anybody = clientOf(gallery, { 'x-telegram-init-data': initData })
    const closed = await anybody.send('GET', '/search')
    expect([closed.status, closed.body]).toEqual([401, { error: 'Unauthorized', message: 'Missing service token' }])
    const wrong = await anybody.send('GET', '/categories', undefined, { 'x-service-token': 'guess' })
    expect([wrong.status, wrong.body]).toEqual([401, { error: 'Unauthorized', message: 'Invalid service token' }])
    const denied = await miniApp.send('POST', '?userId=77', { name: 'cats' }, { 'x-request-id': 'tap-1' })
    expect([denied.status, denied.body]).toEqual([
      ...[403, { error: 'Forbidden', message: 'Сервису miniapp эта операция не разрешена', requestId: 'tap-1' }],
    ])

    // §5.8: the categories to choose from, in the person's language.
    const { content: categories } = await miniApp.ok('GET', '/categories')
    expect(categories).toHaveLength(15)
    expect(categories[0]).toEqual({ ...ANIMALS, name: 'Животные', description: TEXT })
    expect((await bot.ok('GET', '/categories')).content[0]).toEqual({ ...ANIMALS, name: 'Animals', description: TEXT })

    // §5.5: a person sends a link; the bot asks whether the gallery has it, without a call of Telegram.
    expect(await bot.ok('GET', `/check?url=${encodeURIComponent('https://T.me/addstickers/Flow_Cats?startapp=1')}`)).toEqual({
      ...{ exists: false, name: 'flow_cats' },
    })
    const noLink = await bot.send('GET', '/check?url=flow_cats')
    expect([noLink.status, noLink.body]).toEqual([
      400,
      {
        ...{ error: 'Validation error', message: 'url must look like https://t.me/addstickers/name', requestId: TEXT },
        details: [{ field: 'url', code: 'invalid_url', message: 'url must look like https://t.me/addstickers/name' }],
      },
    ])
    expect(telegram.calls).toEqual([])

    // §5.2: it is added; a client of before sends more than there is, `isPublic`, and nulls.
    const body = {
      name: ' https://t.me/addstickers/Flow_Cats ',
      title: null,
      description: '  ',
      categoryKeys: ['cute', 'animals', 'cute'],
    }
    const created = await bot.send('POST', `?userId=${OWNER}&authorId=77&language=ru`, {
      ...body,
      isPublic: false,
      visibility: null,
      authorId: 5,
    })
    expect([created.status, info(created), created.headers.get('location'), created.headers.get('content-type')]).toEqual([
      ...[201, 'fresh', null, 'application/json; charset=utf-8'],
    ])
    const cute = { ...ANIMALS, key: 'cute', name: 'Cute', description: TEXT, displayOrder: 4 }
    const inBoth = { authorId: 77, categories: [{ ...ANIMALS, name: 'Animals', description: TEXT }, cute] }
    expect(created.body).toEqual(setMade('flow_cats', inBoth))
    expect(telegram.calls).toEqual(['flow_cats'])
    const { id } = created.body
    // §5.2: what is there is not added again, in any spelling; and the person reads why.
    const again = await bot.send('POST', `?userId=${OWNER}`, { name: 't.me/addstickers/FLOW_CATS' }, { 'x-language': 'ru' })
    expect([again.status, again.body.message, again.body.details]).toEqual([
      400,
      'Стикерсет flow_cats уже есть в галерее',
      [{ field: 'name', code: 'already_exists', message: 'Стикерсет flow_cats уже есть в галерее' }],
    ])
    telegram.reply('flow_nothing', { kind: 'missing' })
    expect((await bot.send('POST', '?userId=1', { name: 'flow_nothing' })).body.details).toEqual([
      { field: 'name', code: 'not_in_telegram', message: 'Sticker set flow_nothing does not exist in Telegram' },
    ])
    telegram.reply('flow_later', json({ ok: false }, 403), { kind: 'set' })
    const later = await bot.send('POST', '?userId=1', { name: 'flow_later' })
    expect([later.status, later.body.error, later.headers.get('retry-after')]).toEqual([503, 'Service unavailable', '5'])
    expect((await bot.send('POST', '?userId=1', { name: 'flow_later' })).status).toBe(201)
    const bad = await bot.send('POST', '?userId=0&shortInfo=maybe', { name: 'Кот' })
    expect(bad.body.details.map(({ field, code }: any) => [field, code]).sort()).toEqual([
      ['name', 'invalid_name'],
      ['shortInfo', 'invalid_boolean'],
      ['userId', 'invalid_number'],
    ])

    // §5.1, §5.5: what the others see of it.
    const read = await miniApp.send('GET', `/${id}?shortInfo=true`)
    const russian = [
      { ...ANIMALS, name: 'Животные', description: TEXT },
      { ...cute, name: 'Милые' },
    ]
    expect([read.status, info(read), read.body]).toEqual([
      ...[200, 'skipped', setMade('flow_cats', { ...inBoth, ...READ, categories: russian, telegramStickerSetInfo: null })],
    ])
    expect((await bot.send('GET', `/${id}`)).body).toEqual(setMade('flow_cats', { ...inBoth, ...READ }))
    expect(await bot.ok('GET', '/check?name=Flow_Cats')).toEqual({
      exists: true,
      name: 'flow_cats',
      id,
      title: 'Title of flow_cats',
    })
    // §5.9: the inline mode has no token and finds public sets alone.
    const inline = clientOf(`${server.origin()}/api/stickersets`)
    const none = { content: [], limit: 20, offset: 0, totalElements: 0, hasNext: false }
    expect(await inline.ok('GET', '/search?query=flow_cats')).toEqual(none)

    // §5.4: published, as the old client does it, with a query and a body that nobody reads.
    const published = await bot.send('POST', `/${id}/publish?userId=${OWNER}`, 'no json')
    expect([published.status, published.body]).toEqual([
      ...[200, setMade('flow_cats', { ...inBoth, ...READ, visibility: 'PUBLIC', isPublic: true })],
    ])
    expect((await bot.send('POST', `/${id}/publish`)).body).toMatchObject({
      ...{ error: 'Validation error', details: [{ field: 'visibility', code: 'already_public', message: TEXT }] },
    })
    // §5.7, §5.9: found by a part of title, name and category, in both languages, with one sticker to show.
    for (const query of ['Flow_C', 'title of FLOW_cats', 'милые', 'cute flow', 'животн']) {
      const found = await inline.send('GET', `/search?query=${encodeURIComponent(query)}&limit=5&preview=1`)
      expect([query, found.status, info(found), found.body]).toEqual([
        ...[query, 200, 'fresh'],
        {
          ...{ limit: 5, offset: 0, totalElements: 1, hasNext: false },
          content: [
            setMade('flow_cats', {
              ...{ ...inBoth, ...READ, visibility: 'PUBLIC', isPublic: true },
              telegramStickerSetInfo: {
                ...setOf('flow_cats'),
                stickers: [expect.objectContaining({ file_id: expect.stringMatching(/^flow_cats-\d$/) })],
              },
            }),
          ],
        },
      ])
    }

    // §5.6: the author's page, by pages, in an order that never repeats a set.
    const ids = [id]
    for (const n of [1, 2, 3, 4]) {
      const made = await bot.must(201, 'POST', `?userId=1&authorId=77&shortInfo=on`, {
        name: `flow_dogs_${n}`,
        title: `Dogs ${n}`,
        visibility: n % 2 ? 'PUBLIC' : 'PRIVATE',
      })
      expect(made).toMatchObject({ title: `Dogs ${n}`, telegramStickerSetInfo: null, authorId: 77 })
      ids.push(made.id)
    }
    const seen: number[] = []
    for (const at of [0, 1, 2]) {
      const reply = await miniApp.send(
        'GET',
        `/author/77?page=${at}&size=2&sort=likesCount&direction=DESC&shortInfo=yes&unknown=1`,
      )
      expect([info(reply), reply.body]).toEqual([
        'skipped',
        page(expect.any(Array) as never, {
          ...{
            page: at,
            size: 2,
            totalElements: 5,
            totalPages: 3,
            first: at === 0,
            last: at === 2,
            hasNext: at < 2,
            hasPrevious: at > 0,
          },
        }),
      ])
      seen.push(...reply.body.content.map((set: any) => set.id))
    }
    expect(seen).toEqual(ids.toReversed())
    expect(
      (await miniApp.ok('GET', '/author/77?categoryKeys=cute,,none&categoryKeys=cute')).content.map((set: any) => set.id),
    ).toEqual([id])
    expect(await miniApp.ok('GET', '/author/78')).toEqual(page([], { totalPages: 0 }))
    const wrongPage = await miniApp.send('GET', '/author/77?size=101&direction=asc')
    expect(wrongPage.body.details.map(({ field, code }: any) => [field, code])).toEqual([
      ['size', 'invalid_number'],
      ['direction', 'invalid_choice'],
    ])
    // §5.9: the inline mode pages by offset.
    const firstTwo = await inline.ok('GET', '/search?query=dogs&limit=1&shortInfo=true')
    const second = await inline.ok('GET', '/search?query=dogs&limit=1&offset=1&shortInfo=true')
    expect([firstTwo.hasNext, second.hasNext, firstTwo.totalElements]).toEqual([true, false, 2])
    expect([...firstTwo.content, ...second.content].map((set: any) => set.name)).toEqual(['flow_dogs_3', 'flow_dogs_1'])

    // §5.3, §5.4: private again, deleted, gone from every list; and made anew by its owner under the same id.
    expect(await bot.ok('POST', `/${id}/unpublish`)).toMatchObject({ visibility: 'PRIVATE', isPublic: false, state: 'ACTIVE' })
    expect(await inline.ok('GET', '/search?query=flow_cats')).toEqual(none)
    const deleted = await bot.send('DELETE', `/${id}`)
    expect([deleted.status, deleted.text]).toEqual([204, ''])
    const missing = await bot.send('GET', `/${id}`, undefined, { 'x-request-id': 'r-1' })
    expect([missing.status, missing.body]).toEqual([
      404,
      { error: 'Not found', message: `Sticker set ${id} was not found`, requestId: 'r-1' },
    ])
    expect(await bot.ok('GET', '/check?name=flow_cats')).toEqual({ exists: false, name: 'flow_cats' })
    expect((await bot.send('DELETE', `/${id}`)).status).toBe(404)
    const revived = await bot.must(201, 'POST', `?userId=${OWNER}`, { name: 'flow_cats', visibility: 'PUBLIC' })
    expect(revived).toEqual(
      setMade('flow_cats', { ...inBoth, id, createdAt: created.body.createdAt, visibility: 'PUBLIC', isPublic: true }),
    )
    // Telegram was asked once about each set, whatever was read of it since; and once more where it had refused.
    expect(telegram.calls.toSorted()).toEqual([
      'flow_cats',
      'flow_dogs_1',
      'flow_dogs_2',
      'flow_dogs_3',
      'flow_dogs_4',
      'flow_later',
      'flow_later',
      'flow_nothing',
    ])
  }, 300_000)
})
