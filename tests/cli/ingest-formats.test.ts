import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Db } from '../../src/platform/db/index.ts'
import { openSqlite } from '../../src/platform/db/sqlite.ts'
import { caseBytes, caseText } from '../builtin-workers/cases/rig.ts'
import { createTestApp, type TestApp } from '../support/app.ts'
import { ownDirectory, runHere } from './rig.ts'

let directory: ReturnType<typeof ownDirectory>
let db: Db
let app: TestApp
let origin: string
beforeEach(async () => {
  directory = ownDirectory()
  db = openSqlite({ path: ':memory:' })
  app = await createTestApp(db, { env: { FAMILIES: 'gifty' } })
  origin = app.listen()
})
afterEach(async () => {
  await app.stop()
  await db.close()
  directory.remove()
})

type Content = string | Uint8Array
const ingest = (file: string, more: string[] = [], stdin?: Content) =>
  runHere(
    directory.path,
    ['ingest', file, '--site', 'k', '--server', origin, ...more],
    stdin === undefined
      ? {}
      : {
          // In pieces, as a pipe brings it.
          stdin: async function* () {
            const bytes = typeof stdin === 'string' ? new TextEncoder().encode(stdin) : stdin
            for (let at = 0; at < bytes.byteLength; at += 7) yield bytes.subarray(at, at + 7)
          },
        },
  )
const write = async (name: string, content: Content) => {
  await Bun.write(join(directory.path, name), content)
  return name
}
const stored = async () =>
  (await app.get('/internal/products?site_key=k&limit=200')).body.items
    .map(({ title, price, currency, product_url }: any) => [title, price, currency, new URL(product_url).pathname])
    .sort()
const url = (n: number) => `https://shop.example/${n}`
const NDJSON = `{"title":"Tea","product_url":"${url(1)}","price":10,"currency":"EUR"}\n{"title":"Cup","product_url":"${url(2)}"}\n`
const JSON_ARRAY = `[\n  {"title":"Tea","product_url":"${url(1)}","price":10,"currency":"EUR"},\n  {"title":"Cup","product_url":"${url(2)}"}\n]\n`
const CSV = `title,product_url,price,currency\r\n"Tea",${url(1)},10,EUR\r\nCup,${url(2)},,\r\n`
const BOTH = [
  ['Cup', null, 'RUB', '/2'],
  ['Tea', 10, 'EUR', '/1'],
]

describe('formats', () => {
  test.each<[string, string, Content]>([
    ['lines', 'a.ndjson', NDJSON],
    ['lines with a BOM', 'a.jsonl', `\ufeff${NDJSON}`],
    ['an array', 'a.json', JSON_ARRAY],
    ['lines called json', 'b.json', NDJSON],
    ['CSV', 'a.csv', CSV],
    ['CSV with a BOM and semicolons', 'b.csv', `\ufeff${CSV.replaceAll(',', ';')}`],
    ['tabs', 'a.tsv', CSV.replaceAll(',', '\t')],
    ['CSV with bars', 'c.csv', CSV.replaceAll(',', '|')],
    ['CSV with a stated delimiter', 'd.csv', `sep=;\r\n${CSV.replaceAll(',', ';')}`],
    ['CSV with a BOM and a stated delimiter', 'e.csv', `\ufeffsep=,\n${CSV}`],
    ['packed lines', 'a.ndjson.gz', gzipSync(NDJSON)],
    ['packed CSV', 'a.csv.gz', gzipSync(CSV)],
    ['a packed array', 'a.json.gz', gzipSync(JSON_ARRAY)],
    ['an unknown name', 'export', JSON_ARRAY],
  ])('%s in %s is read', async (_, name, content) => {
    const { code, out } = await ingest(await write(name, content))
    expect(out).toContain('2 lines: 2 new, 0 updated, 0 unchanged, 0 duplicate, 0 rejected')
    expect(code).toBe(0)
    expect(await stored()).toEqual(BOTH)
  })

  test.each<[string, Content]>([
    ['lines', NDJSON],
    ['an array', JSON_ARRAY],
    ['CSV', CSV],
    ['packed lines', gzipSync(NDJSON)],
  ])('%s on standard input are read', async (_, content) => {
    const { code, out } = await ingest('-', [], content)
    expect(out).toContain('2 lines: 2 new')
    expect(code).toBe(0)
    expect(await stored()).toEqual(BOTH)
  })

  test.each<[string, string, Content, string]>([
    ['an array', 'a.ndjson', JSON_ARRAY, 'a.ndjson is a JSON array, not lines of JSON: pass --format json to read it'],
    ['CSV', 'a.ndjson', CSV, 'a.ndjson is CSV, not lines of JSON: pass --format csv to read it'],
    ['gzip', 'a.ndjson', gzipSync(NDJSON), 'a.ndjson is gzip: name it .gz, or say what is in it with --format'],
    ['UTF-16', 'a.ndjson', Buffer.from(`\ufeff${NDJSON}`, 'utf16le'), 'a.ndjson is UTF-16: save it as UTF-8'],
    ['a workbook', 'a.csv', Buffer.from('PK\u0003\u0004 and so on'), 'a.csv is a ZIP archive or a workbook'],
    ['lines', 'a.csv', NDJSON, 'a.csv is lines of JSON, not CSV: pass --format ndjson to read it'],
    [
      'two columns of one name',
      'a.csv',
      `price,${CSV.replaceAll('\r\n', ',\r\n')}`,
      'column "price" stands twice: rename one of them',
    ],
  ])('%s in %s is named and nothing is stored', async (_, name, content, word) => {
    const { code, err } = await ingest(await write(name, content))
    expect(err).toContain(word)
    expect(code).toBe(1)
    expect(await stored()).toEqual([])
    if (word.includes('--format ')) {
      const again = await ingest(name, ['--format', /--format (\w+)/.exec(word)![1] as string])
      expect(again.code).toBe(0)
      expect(await stored()).toEqual(BOTH)
    }
  })

  test('ndjson-array.ndjson: a word on what it is, where it was "line 1: not a JSON object"', async () => {
    const { code, err } = await ingest(await write('x.ndjson', await caseText('ndjson-array.ndjson')))
    expect([code, err]).toEqual([1, expect.stringContaining('is a JSON array')])
    expect(await stored()).toEqual([])
  })

  test('numbers of an array that JavaScript cannot hold clear no price and lose no digit', async () => {
    await ingest(await write('a.ndjson', JSON.stringify({ title: 'Tea', product_url: url(1), price: 10, currency: 'EUR' })))
    const array = `[{"title":"Tea","product_url":"${url(1)}","price":1e400},{"title":"Cup","product_url":"${url(2)}","raw_data":{"id":12345678901234567890}},{"id":12345678901234567890}]`
    const { code, out } = await ingest(await write('a.json', array), ['--rejected', 'rejected.ndjson'])
    expect([code, out]).toEqual([1, expect.stringContaining('element 1: price: a number too large to be held')])
    expect(await Bun.file(join(directory.path, 'rejected.ndjson')).text()).toContain('"price":1e400')
    expect(await Bun.file(join(directory.path, 'rejected.ndjson')).text()).toContain('{"id":12345678901234567890}')
    expect((await stored()).map(([title, price]: any) => [title, price])).toEqual([
      ['Cup', null],
      ['Tea', 10],
    ])
  })

  test('an array that breaks, CSV rows that do not fit: what is good is stored, the rest is counted', async () => {
    const broken = await ingest(await write('a.json', JSON_ARRAY.replace('"Cup"', 'Cup')))
    expect(broken.code).toBe(1)
    expect(broken.out).toContain('1 new, 0 updated, 0 unchanged, 0 duplicate, 1 rejected')
    expect(broken.out).toContain('element 2: not JSON from here on')
    const cut = await ingest(await write('b.json', JSON_ARRAY.slice(0, -3)))
    expect(cut.out).toMatch(/element \d: not JSON from here on/)
    expect(cut.code).toBe(1)
    const rows = await ingest(await write('a.csv', `${CSV}Jam,${url(3)},1\r\nMug,${url(4)},,\r\n`))
    expect(rows.code).toBe(1)
    expect(rows.out).toContain('1 rejected')
    expect(rows.out).toContain('line 4: Invalid Record Length')
    expect((await stored()).map(([title]: any) => title)).toEqual(['Cup', 'Mug', 'Tea'])
  })
})

describe('fields', () => {
  test('--map and --currency make items of foreign rows', async () => {
    const csv = `name;url;Цена;sku\nTea;${url(1)};1 499,50;12345678901234567890\nCup;${url(2)};"2.450,-";\n`
    const options = ['--map', 'name=title', '--map', 'url=product_url', '--map', 'Цена=price', '--map', 'sku=raw_data.sku']
    const { code, out } = await ingest(await write('a.csv', csv), [...options, '--currency', 'eur'])
    expect(out).toContain('2 lines: 2 new')
    expect(code).toBe(0)
    expect(await stored()).toEqual([
      ['Cup', 2450, 'EUR', '/2'],
      ['Tea', 1499.5, 'EUR', '/1'],
    ])
    const { body } = await app.get(`/internal/products/${encodeURIComponent(`k:${url(1)}`)}`)
    expect(body.raw).toEqual({ sku: '12345678901234567890' })
  })

  test.each([
    [['--map', 'name'], '--map must be FIELD_OF_FILE=FIELD'],
    [['--map', 'name=nothing'], 'FIELD must be one of title'],
    [['--map', 'a=title', '--map', 'b=title'], 'fills title twice'],
    [['--currency', 'euro'], '--currency must be a code of three letters'],
    [['--format', 'xml'], '--format must be one of'],
  ])('%p is wrong usage', async (options, word) => {
    const { code, err } = await ingest(await write('a.ndjson', NDJSON), options)
    expect([code, err]).toEqual([2, expect.stringContaining(word)])
  })

  test('digits that no number holds are kept as text, and the command says so', async () => {
    const line = `{"title":"Tea","product_url":"${url(1)}","raw_data":{"id":12345678901234567890,"n":9007199254740991}}`
    const { code, out } = await ingest(await write('a.ndjson', line))
    expect(code).toBe(0)
    expect(out).toContain('1 lines stored in part\n  line 1: id: kept as a text, because no number has so many digits')
    const { body } = await app.get(`/internal/products/${encodeURIComponent(`k:${url(1)}`)}`)
    expect(body.raw).toEqual({ id: '12345678901234567890', n: 9007199254740991 })
  })
})

describe('what is not stored', () => {
  test('ndjson-cp1251.ndjson: the line is refused as not UTF-8, a good title stays', async () => {
    const bytes = await caseBytes('ndjson-cp1251.ndjson')
    const good = new TextEncoder().encode(new TextDecoder('windows-1251').decode(bytes))
    expect((await ingest(await write('bad.ndjson', bytes))).code).toBe(1)
    expect(await stored()).toEqual([])
    expect((await ingest(await write('good.ndjson', good))).code).toBe(0)
    const before = await stored()
    const { code, out } = await ingest('bad.ndjson')
    expect(code).toBe(1)
    expect(out).toContain('line 1: not UTF-8')
    expect(await stored()).toEqual(before)
    const csv = await ingest(await write('bad.csv', Buffer.concat([Buffer.from('title,product_url\n'), bytes])))
    expect([csv.code, csv.err]).toEqual([1, expect.stringContaining('not UTF-8')])
  })

  test('every problem of a line is said at once', async () => {
    const line = JSON.stringify({ title: '', product_url: 'ftp://x', price: 'soon', currency: 'a currency too long' })
    const { out } = await ingest(await write('a.ndjson', line))
    for (const word of ['title: ', 'product_url: Input should be an http or https URL', 'price: ', 'currency: '])
      expect(out).toContain(word)
  })

  test('--rejected keeps the lines that were not stored as they stand, also over a run that goes on', async () => {
    const bad = ['{"title": "cut', '{ "title" : "no address" }', `{"title":"x","product_url":"ftp://a/b"}`]
    const good = [1, 2, 3].map((n) => JSON.stringify({ title: `T${n}`, product_url: url(n) }))
    const lines = [good[0], bad[0], bad[1], good[1], bad[2], good[2]] as string[]
    const file = await write('a.ndjson', lines.join('\n'))
    const { code, out } = await ingest(file, ['--rejected', 'rejected.ndjson', '--batch', '2'])
    expect(code).toBe(1)
    expect(out).toContain('3 new, 0 updated, 0 unchanged, 0 duplicate, 3 rejected')
    const rejected = await Bun.file(join(directory.path, 'rejected.ndjson')).text()
    expect(rejected.trimEnd().split('\n').sort()).toEqual(bad.toSorted())
    const repaired = rejected.replace('"cut', `"cut","product_url":"${url(4)}"}`).replace('ftp://a/b', url(5))
    const again = await ingest(await write('repaired.ndjson', repaired), ['--rejected', 'rejected.ndjson'])
    expect(again.out).toContain('2 new, 0 updated, 0 unchanged, 0 duplicate, 1 rejected')
    expect(await Bun.file(join(directory.path, 'rejected.ndjson')).text()).toBe(`${bad[1]}\n`)
  })

  test('--rejected keeps rows of CSV below their names, also those that do not fit', async () => {
    const bad = ['Short,"a, b"', `"Two\nlines",${url(2)},abc,EUR`, `Long,${url(3)},1,EUR,x`]
    const rows = ['title,product_url,price,"curr""ency"', bad[0], `Tea,${url(1)},1,EUR`, bad[1], bad[2]]
    const file = await write('a.csv', `${rows.join('\r\n')}\r\n`)
    const { out } = await ingest(file, ['--rejected', 'rejected.csv', '--batch', '1', '--map', 'curr"ency=currency'])
    expect(out).toContain('1 new, 0 updated, 0 unchanged, 0 duplicate, 3 rejected')
    const rejected = await Bun.file(join(directory.path, 'rejected.csv')).text()
    expect(rejected).toBe(`${[rows[0], ...bad].join('\n')}\n`)
    const repaired = rejected
      .replace('"a, b"', `${url(4)},2,EUR`)
      .replace('abc', '3')
      .replace(',x', '')
    const again = await ingest(await write('b.csv', repaired), ['--map', 'curr"ency=currency'])
    expect(again.out).toContain('3 new, 0 updated, 0 unchanged, 0 duplicate, 0 rejected')
  })

  test.each(['--rejected', '--resume'])('%s does not replace the input', async (option) => {
    const line = JSON.stringify({ title: 'Tea', product_url: url(1) })
    const file = await write('a.ndjson', line)
    symlinkSync(join(directory.path, file), join(directory.path, 'link.ndjson'))
    for (const other of [file, './a.ndjson', 'link.ndjson']) {
      const { code, err } = await ingest(file, [option, other])
      expect([code, err]).toEqual([2, expect.stringContaining(`FILE and ${option} are the same file`)])
    }
    expect(await Bun.file(join(directory.path, file)).text()).toBe(line)
    const both = await ingest(file, ['--rejected', 'x', '--resume', 'x'])
    expect(both.code).toBe(2)
  })

  test('--resume does not replace a file of another kind', async () => {
    await write('notes.txt', 'mine')
    const { code, err } = await ingest(await write('a.ndjson', '{}'), ['--resume', 'notes.txt'])
    expect([code, err]).toEqual([3, expect.stringContaining('is no progress of trawl ingest')])
    expect(await Bun.file(join(directory.path, 'notes.txt')).text()).toBe('mine')
  })

  test('a place that cannot be written is named', async () => {
    const file = await write('a.ndjson', NDJSON)
    const { code, err } = await ingest(file, ['--rejected', 'no/such/directory/x'])
    expect([code, err]).toEqual([3, expect.stringContaining('no/such/directory/x cannot be written (ENOENT)')])
    const full = await ingest(file, ['--rejected', '/dev/full'])
    // The device takes no byte; a file without rejected lines needs none.
    expect(full.code).toBe(0)
    const bad = await ingest(await write('b.ndjson', '{}'), ['--rejected', '/dev/full'])
    expect([bad.code, bad.err]).toEqual([3, expect.stringContaining('/dev/full: the disk is full')])
  })
})
