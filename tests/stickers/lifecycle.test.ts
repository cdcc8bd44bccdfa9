import { beforeEach, expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { iso, START } from '../support/fake-clock.ts'
import { info, makeRig, problems, type Rig, RUSSIAN, statuses } from './rig.ts'

onEachDatabase('stickers: lifecycle and ART', (database) => {
  let app: Rig
  beforeEach(async () => {
    app = await makeRig(database)
  })
  const publish = (id: number) => app.send('POST', `/${id}/publish`)
  const unpublish = (id: number) => app.send('POST', `/${id}/unpublish`)
  const ledger = () =>
    app.rows(
      'select user_id, rule_code, direction, delta, balance_after, external_id, performed_by from sticker_art_transactions order by id',
    )
  const numbers = (rows: any[]) =>
    rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([key, value]) => [key, Number.isFinite(Number(value)) ? Number(value) : value]),
      ),
    )

  test('stickers §9.17: a deleted set is gone everywhere, once', async () => {
    const { id } = await app.create('gone', { visibility: 'PUBLIC', categoryKeys: ['cute'] }, 'userId=1&authorId=1')
    const removed = await app.send('DELETE', `/${id}`)
    expect([removed.status, removed.body, removed.headers.get('content-type')]).toEqual([204, '', null])
    expect((await app.send('GET', `/${id}`)).status).toBe(404)
    const again = await app.send('DELETE', `/${id}`, undefined, RUSSIAN)
    expect([again.status, again.body.message]).toEqual([404, `Стикерсет ${id} не найден`])
    expect((await app.send('GET', '/check?name=gone')).body).toEqual({ exists: false, name: 'gone' })
    expect((await app.must(200, 'GET', '/author/1')).totalElements).toBe(0)
    expect((await app.must(200, 'GET', '/search')).totalElements).toBe(0)
    for (const verb of ['publish', 'unpublish']) {
      const refused = await app.send('POST', `/${id}/${verb}`)
      expect(problems(refused)).toEqual([['state', 'deleted']])
      expect(refused.body.message).toBe('Sticker set gone has been deleted')
    }
    expect(problems(await app.send('DELETE', '/x'))).toEqual([['id', 'invalid_number']])
    expect(await app.balance(1)).toBe(10)
    expect(await app.count('stickerset_categories')).toBe(1)
    expect((await app.rows('select operation from stickerset_audit order by id')).map((row) => row.operation)).toEqual([
      'create',
      'delete',
    ])
  })

  test('stickers §9.18: the owner gets the old set back, another user a new one', async () => {
    const old = await app.create(
      'again',
      { title: 'Old', description: 'old', categoryKeys: ['cute'], visibility: 'PUBLIC' },
      'userId=1&authorId=9',
    )
    await app.run(
      `insert into stickerset_descriptions (stickerset_id, language, description) values (${old.id}, 'ru', 'по-русски'), (${old.id}, 'en', 'in English')`,
    )
    const at = database.dialect === 'sqlite' ? START : `'${iso(START)}'`
    await app.run(`insert into stickerset_likes (user_id, stickerset_id, created_at) values (1, ${old.id}, ${at})`)
    await app.run(`update stickersets set likes_count = 1, type = 'OFFICIAL' where id = ${old.id}`)
    await app.must(204, 'DELETE', `/${old.id}`)
    app.clock.advance(5000)

    const other = await app.create('again', {}, 'userId=2')
    expect(other.id).not.toBe(old.id)
    expect(await app.count('stickersets', `id = ${old.id} and state = 'DELETED' and user_id = 1`)).toBe(1)
    await app.must(204, 'DELETE', `/${other.id}`)

    const back = await app.create('AGAIN', {}, 'userId=1')
    expect(back).toMatchObject({
      id: old.id,
      createdAt: old.createdAt,
      title: 'Sandbox again',
      description: 'old',
      descriptions: { en: 'in English', ru: 'по-русски' },
      authorId: 9,
      visibility: 'PRIVATE',
      type: 'OFFICIAL',
      isOfficial: true,
      state: 'ACTIVE',
      deletedAt: null,
      likesCount: 1,
      isLikedByCurrentUser: true,
    })
    expect(back.categories.map((category: any) => category.key)).toEqual(['cute'])
    expect((await app.read(back.id)).isLikedByCurrentUser).toBe(false)
    expect((await app.must(200, 'GET', '/search?query=old')).totalElements).toBe(0)

    await app.must(204, 'DELETE', `/${old.id}`)
    const renewed = await app.create(
      'again',
      { title: 'New', description: ' ', categoryKeys: ['memes', 'anime'], visibility: 'PUBLIC' },
      'userId=1&authorId=1',
    )
    expect(renewed).toMatchObject({ id: old.id, title: 'New', description: null, authorId: 1, visibility: 'PUBLIC' })
    expect(renewed.categories.map((category: any) => category.key)).toEqual(['memes', 'anime'])
    expect(renewed.availableActions).toEqual(['DELETE', 'EDIT_CATEGORIES', 'UNPUBLISH'])
    expect((await app.must(200, 'GET', '/search?query=new')).totalElements).toBe(1)
    expect((await app.rows('select operation from stickerset_audit order by id')).map((row) => row.operation)).toEqual([
      'create',
      'delete',
      'create',
      'delete',
      'revive',
      'delete',
      'revive',
    ])
  })

  test('stickers §5.2: of several deleted sets the last one deleted is revived, then the highest id', async () => {
    const times = database.dialect === 'sqlite' ? [START, START + 5, START + 5] : [0, 5, 5].map((ms) => `'${iso(START + ms)}'`)
    for (const [n, at] of [times[1], times[2], times[0]].entries())
      await app.run(`insert into stickersets (user_id, name, title, state, visibility, type, created_at, deleted_at, search_text)
        values (1, 'many', 't${n}', 'DELETED', 'PRIVATE', 'USER', ${times[0]}, ${at}, 'x')`)
    expect((await app.create('many')).id).toBe(2)
    expect(await app.count('stickersets', `state = 'DELETED'`)).toBe(2)
  })

  test('stickers §9.19: a blocked set can be read and nothing else', async () => {
    const { id } = await app.create('blocked', { visibility: 'PUBLIC' }, 'userId=1&authorId=1')
    await app.block(id, 'copyright')
    expect(await app.read(id)).toMatchObject({
      state: 'BLOCKED',
      isBlocked: true,
      blockReason: 'copyright',
      availableActions: [],
    })
    for (const [method, path] of [
      ['DELETE', ''],
      ['POST', '/publish'],
      ['POST', '/unpublish'],
    ] as const) {
      const refused = await app.send(method, `/${id}${path}`)
      expect(problems(refused)).toEqual([['state', 'blocked']])
      expect(refused.body.message).toBe('Sticker set blocked is blocked. Reason: copyright')
    }
    expect((await app.send('GET', '/check?name=blocked')).body).toEqual({
      exists: true,
      name: 'blocked',
      id,
      title: 'Sandbox blocked',
    })
    expect((await app.must(200, 'GET', '/author/1')).content).toEqual([])
    expect((await app.must(200, 'GET', '/search?query=blocked')).content).toEqual([])
    expect(await app.count('stickerset_audit')).toBe(1)
  })

  test('stickers §9.20: publish and unpublish switch once; queries and bodies are ignored', async () => {
    const { id } = await app.create('switch', { categoryKeys: ['work', 'memes'] })
    const published = await app.send('POST', `/${id}/publish?userId=abc&shortInfo=x`, '{broken', { 'content-type': 'text/plain' })
    expect(published.status).toBe(200)
    expect(published.body).toMatchObject({ visibility: 'PUBLIC', isPublic: true, availableActions: [] })
    expect(published.body.categories.map((category: any) => category.key)).toEqual(['memes', 'work'])
    expect([info(published), published.body.telegramStickerSetInfo.name]).toEqual(['fresh', 'switch'])
    const twice = await publish(id)
    expect(problems(twice)).toEqual([['visibility', 'already_public']])
    expect(twice.body.message).toBe('Sticker set switch is already published')
    const back = await app.send('POST', `/${id}/unpublish`, { userId: 5 })
    expect([back.status, back.body.isPublic]).toEqual([200, false])
    expect((await app.send('POST', `/${id}/unpublish`, undefined, RUSSIAN)).body.message).toBe('Стикерсет switch уже приватный')
    for (const verb of ['publish', 'unpublish']) {
      expect(problems(await app.send('POST', `/404/${verb}`))).toEqual([['id', 'not_found']])
      expect(problems(await app.send('POST', `/0/${verb}`))).toEqual([['id', 'invalid_number']])
    }
    expect((await app.rows('select operation from stickerset_audit order by id')).map((row) => row.operation)).toEqual([
      'create',
      'publish',
      'unpublish',
    ])
  })

  test('stickers §9.21: the first publication earns 10, whichever it is', async () => {
    const late = await app.create('late', {}, 'userId=1&authorId=2')
    expect(await app.balance(1)).toBe(0)
    await publish(late.id)
    expect([await app.balance(1), await app.balance(2)]).toEqual([10, undefined])
    await unpublish(late.id)
    await publish(late.id)
    expect(await app.balance(1)).toBe(10)
    const early = await app.create('early', { visibility: 'PUBLIC' }, 'userId=3')
    await unpublish(early.id)
    await publish(early.id)
    expect(await app.balance(3)).toBe(10)
    expect(numbers(await ledger())).toEqual([
      {
        user_id: 1,
        rule_code: 'PUBLISH_STICKERSET',
        direction: 'CREDIT',
        delta: 10,
        balance_after: 10,
        external_id: 'sticker-publish:late',
        performed_by: 1,
      },
      {
        user_id: 3,
        rule_code: 'UPLOAD_STICKERSET',
        direction: 'CREDIT',
        delta: 10,
        balance_after: 10,
        external_id: 'sticker-publish:early',
        performed_by: 3,
      },
    ])
    await app.create('more', { visibility: 'PUBLIC' }, 'userId=3')
    expect(numbers(await ledger()).at(-1)).toMatchObject({ delta: 10, balance_after: 20 })
    const [{ metadata }] = await app.rows(
      `select metadata from sticker_art_transactions where external_id = 'sticker-publish:more'`,
    )
    expect(typeof metadata === 'string' ? JSON.parse(metadata) : metadata).toEqual({ stickerSetId: 3, name: 'more' })
  })

  test('stickers §9.22: an awarded name earns nothing again, and names are compared exactly', async () => {
    const first = await app.create('a_b', { visibility: 'PUBLIC' }, 'userId=1')
    await app.must(204, 'DELETE', `/${first.id}`)
    const second = await app.create('a_b', { visibility: 'PUBLIC' }, 'userId=2')
    await app.must(204, 'DELETE', `/${second.id}`)
    const revived = await app.create('A_B', { visibility: 'PUBLIC' }, 'userId=1')
    await unpublish(revived.id)
    expect((await publish(revived.id)).status).toBe(200)
    expect([await app.balance(1), await app.balance(2)]).toEqual([10, 0])
    await app.create('axb', { visibility: 'PUBLIC' }, 'userId=2')
    expect([await app.balance(2), await app.count('sticker_art_transactions')]).toEqual([10, 2])
    // A revival awards nothing, but a later publish of a name never awarded does.
    const shy = await app.create('shy', {}, 'userId=5')
    await app.must(204, 'DELETE', `/${shy.id}`)
    await app.create('shy', { visibility: 'PUBLIC' }, 'userId=5')
    expect(await app.balance(5)).toBe(0)
    await unpublish(shy.id)
    await publish(shy.id)
    expect(await app.balance(5)).toBe(10)
  })

  test('stickers issue 5: create public, unpublish, publish, delete, re-create, publish are 10 ART in total', async () => {
    const { id } = await app.create('total', { visibility: 'PUBLIC' }, 'userId=4')
    await unpublish(id)
    await publish(id)
    await app.must(204, 'DELETE', `/${id}`)
    await app.create('total', {}, 'userId=4')
    expect((await publish(id)).status).toBe(200)
    expect([await app.balance(4), await app.count('sticker_art_transactions')]).toEqual([10, 1])
  })

  test('stickers §9.23: of 20 parallel publishes one succeeds, and an owner without a profile is awarded', async () => {
    const { id } = await app.create('rush', {}, 'userId=6')
    await app.run('delete from sticker_profiles where user_id = 6')
    const answers = await Promise.all(Array.from({ length: 20 }, () => publish(id)))
    expect(statuses(answers)).toEqual({ 200: 1, 400: 19 })
    for (const answer of answers) if (answer.status === 400) expect(problems(answer)).toEqual([['visibility', 'already_public']])
    expect([await app.balance(6), await app.count('sticker_art_transactions')]).toEqual([10, 1])
    expect(await app.count('stickerset_audit', `operation = 'publish'`)).toBe(1)
  })

  test('stickers §9.24: when the award cannot be recorded, nothing changes and the answer is 500', async () => {
    const { id } = await app.create('fail', {}, 'userId=8')
    await app.run('alter table sticker_art_transactions rename to lost')
    try {
      for (const answer of [await publish(id), await app.send('POST', '?userId=8', { name: 'fresh', visibility: 'PUBLIC' })])
        expect([answer.status, answer.body]).toEqual([
          500,
          {
            error: 'Internal error',
            message: 'Something went wrong on the server',
            requestId: answer.headers.get('x-request-id'),
          },
        ])
    } finally {
      await app.run('alter table lost rename to sticker_art_transactions')
    }
    expect([(await app.read(id)).visibility, await app.balance(8), await app.count('stickersets')]).toEqual(['PRIVATE', 0, 1])
    expect(await app.count('stickerset_audit')).toBe(1)
    expect((await publish(id)).status).toBe(200)
    expect(await app.balance(8)).toBe(10)
  })
})
