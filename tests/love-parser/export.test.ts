import { describe, expect, test } from 'bun:test'
import { channelSearchTables } from '../../src/love-parser/tables.ts'
import { onEachDatabase } from '../support/databases.ts'
import { makeRig, type Person, type Rig } from './rig.ts'

type Row = ReturnType<typeof channelSearchTables>['parsedChannels']['$inferInsert']

/** A finished search with these channels. */
const searchWith = async (rig: Rig, person: Person, rows: Partial<Row>[]): Promise<string> => {
  const searchId = await rig.found(person)
  const { parsedChannels, parsingHistory } = channelSearchTables(rig.db.kit)
  await rig.db.q.delete(parsedChannels).returning({ id: parsedChannels.channelId })
  for (let from = 0; from < rows.length; from += 500)
    await rig.db.q
      .insert(parsedChannels)
      .values(
        rows.slice(from, from + 500).map((row, n) => ({
          searchId,
          channelId: `c${from + n}`,
          memberCount: 1,
          activityScore: 0,
          activityLevel: 'low' as const,
          ...row,
        })),
      )
      .returning({ id: parsedChannels.channelId })
  await rig.db.q.update(parsingHistory).set({ resultCount: rows.length }).returning({ id: parsingHistory.id })
  return searchId
}

onEachDatabase('love-parser export', (database) => {
  const read = async (rig: Rig, person: Person, id: string, query = '') => {
    const response = await rig.app.handle(
      new Request(`http://localhost/api/v1/parsing/${id}/export${query}`, { headers: person.headers }),
    )
    return { response, text: await response.text() }
  }

  describe('§11.15 CSV', () => {
    test('bytes: header, quoting, formula guard, two decimals, null empty, no final newline, no BOM', async () => {
      const rig = await makeRig(database)
      const person = await rig.login()
      const id = await searchWith(rig, person, [
        { channelId: '1', title: '=1+1', memberCount: 900, description: 'plain', activityScore: 0.5 },
        {
          channelId: '2',
          title: 'a,b',
          username: 'name',
          memberCount: 800,
          description: 'say "hi"',
          activityScore: 1,
          lastPost: new Date(0),
        },
        { channelId: '3', title: '@home', username: 'x', memberCount: 700, description: '@all', activityScore: 0.07 },
        { channelId: '4', title: '-5', memberCount: 600, description: '+7, really', activityScore: 0.4 },
        { channelId: '5', title: 'line\nbreak', memberCount: 500, description: '\ttab' },
        { channelId: '=6', title: null, memberCount: 400, description: '\r' },
        { channelId: '7', title: "'=quoted", memberCount: 300, description: 'a=b' },
      ])
      const { response, text } = await read(rig, person, id)
      expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8')
      expect(response.headers.get('content-disposition')).toBe('attachment; filename="parsing_results.csv"')
      expect(response.headers.get('x-data-source')).toBe('sandbox')
      expect(text).toBe(
        [
          'id,title,username,subscribers,description,activity,last_post',
          "1,'=1+1,,900,plain,0.50,",
          '2,"a,b",@name,800,"say ""hi""",1.00,1970-01-01T00:00:00.000Z',
          "3,'@home,@x,700,'@all,0.07,",
          `4,'-5,,600,"'+7, really",0.40,`,
          `5,"line\nbreak",,500,'\ttab,0.00,`,
          `'=6,,,400,"'\r",0.00,`,
          "7,'=quoted,,300,a=b,0.00,",
        ].join('\n'),
      )
    })

    test('a search without rows is the header alone', async () => {
      const rig = await makeRig(database)
      const person = await rig.login()
      const { search_id } = (await rig.search(person)).body
      expect((await read(rig, person, search_id)).text).toBe('id,title,username,subscribers,description,activity,last_post')
      expect((await read(rig, person, search_id, '?format=ndjson')).text).toBe('')
    })

    test('order: subscribers, then channel_id bytewise, the same over page borders', async () => {
      const rig = await makeRig(database)
      const person = await rig.login()
      const rows = Array.from({ length: 4500 }, (_, n) => ({
        channelId: `${n % 2 ? 'B' : 'a'}${n}`,
        memberCount: Math.floor(n / 1500),
      }))
      const id = await searchWith(rig, person, rows)
      const { text } = await read(rig, person, id)
      const ids = text
        .split('\n')
        .slice(1)
        .map((line) => line.split(',')[0])
      const expected = [...rows]
        .sort((a, b) => b.memberCount - a.memberCount || Buffer.compare(Buffer.from(a.channelId), Buffer.from(b.channelId)))
        .map((row) => row.channelId)
      expect(ids).toEqual(expected)
    })
  })

  test('F2: the guard looks at the first character that shows, in its plain form; the text is otherwise unchanged', async () => {
    const rig = await makeRig(database)
    const person = await rig.login()
    const dangerous = [
      ...[
        '\n=1',
        ' =1',
        '\u00a0=1',
        '\u200b=1',
        '\ufeff=1',
        '\u2028=1',
        '\u3000=1',
        '\u00ad=1',
        '\u202e=1',
        '\u3164=1',
        '\u2800=1',
      ],
      ...[' \u200b\n\t+1', '\u0001-1', '\u2060 @x'],
      ...[
        '\uff1d1',
        '\uff0b1',
        '\uff0d1',
        '\uff20x',
        '\u200b\uff1d1',
        '\ufe66',
        '\ufe62',
        '\ufe63',
        '\ufe6b',
        '\u207a',
        '\u22121',
      ],
    ]
    const harmless = ['a=1', ' a=1', '\u200ba', '', ' ', '\u200b', '\u2014 тире', '«=»', '1=1', '😀=1', 'ё-1', '&=']
    const titles = [...dangerous, ...harmless]
    const id = await searchWith(
      rig,
      person,
      titles.map((title, n) => ({ channelId: `c${n}`, title, memberCount: titles.length - n })),
    )
    for (const [format, separator, newline] of [
      ['csv', ',', '\n'],
      ['excel', ';', '\r\n'],
    ] as const) {
      const { text } = await read(rig, person, id, `?format=${format}`)
      const expected = titles.map((title, n) => {
        const guarded = n < dangerous.length ? `'${title}` : title
        const cell = /[",;\r\n]/.test(guarded) ? `"${guarded}"` : guarded
        return [`c${n}`, cell, '', titles.length - n, '', format === 'csv' ? '0.00' : '0,00', ''].join(separator)
      })
      expect(text.split(newline === '\n' ? /\n(?=c\d)/ : '\r\n').slice(1)).toEqual(expected)
    }
  })

  test('F1 excel: BOM, semicolons, CRLF, decimal commas, every dangerous cell guarded, names too', async () => {
    const rig = await makeRig(database)
    const person = await rig.login()
    const id = await searchWith(rig, person, [
      { channelId: '1', title: '=1+1', username: 'name', memberCount: 900, description: 'a;b', activityScore: 0.5 },
      { channelId: '2', title: 'a,b', memberCount: 800, description: 'say "hi"', activityScore: 1, lastPost: new Date(0) },
      { channelId: '@3', title: '@home', memberCount: 700, description: 'line\nbreak', activityScore: 0.07 },
      { channelId: '4', title: 'Ёлка', memberCount: 600, description: '-1;2' },
    ])
    const response = await rig.app.handle(
      new Request(`http://localhost/api/v1/parsing/${id}/export?format=excel`, { headers: person.headers }),
    )
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="parsing_results.csv"')
    expect(response.headers.get('x-data-source')).toBe('sandbox')
    // The decoder of `text()` would leave the mark out.
    expect(Buffer.from(await response.arrayBuffer()).toString('utf8')).toBe(
      `\ufeff${[
        'id;title;username;subscribers;description;activity;last_post',
        `1;'=1+1;'@name;900;"a;b";0,50;`,
        '2;a,b;;800;"say ""hi""";1,00;1970-01-01T00:00:00.000Z',
        `'@3;'@home;;700;"line\nbreak";0,07;`,
        `4;Ёлка;;600;"'-1;2";0,00;`,
      ].join('\r\n')}`,
    )
  })

  test('§4 ndjson: one Channel a line plus language and source', async () => {
    const rig = await makeRig(database)
    const person = await rig.login()
    const id = await searchWith(rig, person, [
      { channelId: '1', title: 'T', username: 'u', memberCount: 5, activityScore: 0.25, activityLevel: 'low', language: 'ru' },
      { channelId: '2', memberCount: 4 },
    ])
    const { response, text } = await read(rig, person, id, '?format=ndjson')
    expect(response.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8')
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="parsing_results.ndjson"')
    expect(
      text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    ).toEqual([
      {
        channel_id: '1',
        title: 'T',
        username: '@u',
        subscribers: 5,
        description: null,
        activity_score: 0.25,
        activity_level: 'low',
        last_post: null,
        language: 'ru',
        source: 'sandbox',
      },
      expect.objectContaining({ channel_id: '2', language: null, source: 'sandbox' }),
    ])
  })

  test('§4: other formats are 422', async () => {
    const rig = await makeRig(database)
    const person = await rig.login()
    const id = await rig.found(person)
    for (const format of ['xml', 'CSV', '']) expect((await read(rig, person, id, `?format=${format}`)).response.status).toBe(422)
  })
})
