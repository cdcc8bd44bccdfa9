import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import { openDatabase } from '../../src/platform/db/open.ts'
import { TOKEN as BOT_TOKEN, startBotApi } from '../support/bot-api-double.ts'
import { compareReads } from './reads.ts'
import { median, ownDirectory, type Row, type Running, type Scale, spread, startProcess, startTrawl } from './rig.ts'

const SERVICE_TOKEN = 'bench-service-token'
const SERVICE = `X-Service-Token: ${SERVICE_TOKEN}`
const BASE = '/internal/stickersets'
const AUTHOR = 1
const OF_AUTHOR = 1000
/** Authors with a hundred sets each, whose pages are read once while cold. */
const COLD_FROM = 10

/** Some 13 kB, as sets of 30 stickers are. */
const STICKERS = Array.from({ length: 30 }, (_, n) => ({
  ...{
    width: 512,
    height: 512,
    emoji: '😀',
    set_name: 'a_set_of_stickers',
    is_animated: false,
    is_video: false,
    type: 'regular',
  },
  thumbnail: {
    file_id: `AAMCAgADFQABaK${'x'.repeat(60)}${n}`,
    file_unique_id: `AQAD${n}`,
    file_size: 4000,
    width: 128,
    height: 128,
  },
  ...{ file_id: `CAACAgIAAxUAAWi${'y'.repeat(60)}${n}`, file_unique_id: `AgAD${n}`, file_size: 20_000 },
}))

/** A gallery of `total` sets, 1,000 of them by one author, spread evenly; each in two categories. */
const plant = async (path: string, total: number, coldAuthors: number): Promise<void> => {
  await (await openDatabase({ url: `sqlite:${path}`, synchronous: 'OFF' })).close()
  const db = new Database(path, { strict: true })
  const insert = db.query(
    `insert into stickersets (user_id, author_id, name, title, state, visibility, type, created_at, likes_count, search_text)
     values (?, ?, ?, ?, 'ACTIVE', 'PUBLIC', 'USER', ?, ?, ?)`,
  )
  const categorise = db.query('insert into stickerset_categories (stickerset_id, category_id) values (?, ?), (?, ?)')
  db.run('begin')
  let id = 0
  const add = (author: number, name: string) => {
    id++
    const title = `Sticker set number ${id}`
    insert.run(author, author, name, title, 1_700_000_000_000 + id * 60_000, id % 97, `${title}\n${name}`.toLowerCase())
    categorise.run(id, 1 + (id % 15), id, 1 + ((id + 5) % 15))
  }
  const every = total / OF_AUTHOR
  for (let n = 0; n < total; n++) add(n % every === 0 ? AUTHOR : 1_000_000 + (n % 5000), `set_${n}`)
  for (let author = 0; author < coldAuthors; author++)
    for (let n = 0; n < 100; n++) add(COLD_FROM + author, `cold_${author}_${n}`)
  db.run('commit')
  db.run('analyze')
  db.close()
}

/** Milliseconds until the whole answer is there. */
const timeOf = async (server: Running, path: string): Promise<number> => {
  const startedAt = performance.now()
  const response = await fetch(`${server.origin}${BASE}${path}`, { headers: { 'x-service-token': SERVICE_TOKEN } })
  const body = await response.text()
  const took = performance.now() - startedAt
  if (response.status !== 200 || !body.startsWith('{"content":[{'))
    throw new Error(`${path}: ${response.status} ${body.slice(0, 200)}`)
  return took
}

const againstSmaller = async (large: Running, small: Running, scale: Scale): Promise<Row> => {
  const path = `/author/${AUTHOR}?shortInfo=true`
  const times = { large: [] as number[], small: [] as number[] }
  const count = scale.smoke ? 5 : 400
  for (let n = -count / 4; n < count; n++) {
    const [a, b] = [await timeOf(large, path), await timeOf(small, path)]
    if (n < 0) continue
    times.large.push(a)
    times.small.push(b)
  }
  const [ours, alone] = [median(times.large), median(times.small)]
  return {
    name: 'author page p50, 100,000 sets against 1,000',
    measured: `${ours.toFixed(2)} ms`,
    floor: `${alone.toFixed(2)} ms`,
    value: ours / alone,
    unit: 'ratio',
    target: 2,
    better: 'less',
  }
}

const withTelegram = async (server: Running, coldAuthors: number, scale: Scale): Promise<Row[]> => {
  const cold: number[] = []
  for (let author = 0; author < coldAuthors; author++) cold.push(await timeOf(server, `/author/${COLD_FROM + author}?size=100`))
  const warm: number[] = []
  const count = scale.smoke ? 5 : 100
  for (let n = -count / 5; n < count; n++) {
    const took = await timeOf(server, `/author/${COLD_FROM}?size=100`)
    if (n >= 0) warm.push(took)
  }
  const row = (name: string, times: number[], target: number): Row => ({
    name,
    measured: `${median(times).toFixed(1)} ms`,
    floor: '-',
    value: median(times),
    unit: 'ms',
    target,
    better: 'less',
    note: spread(times),
  })
  return [row('author page of 100, cold, Telegram at 50 ms', cold, 1000), row('author page of 100, warm', warm, 10)]
}

/** The gallery's reads over HTTP: point reads and pages against the floor, pages with Telegram's data in milliseconds. */
export const benchStickers = async (scale: Scale): Promise<Row[]> => {
  const directory = ownDirectory()
  const [large, small] = [join(directory, 'large.db'), join(directory, 'small.db')]
  const coldAuthors = scale.smoke ? 1 : 5
  await plant(large, scale.smoke ? 2000 : 100_000, coldAuthors)
  await plant(small, OF_AUTHOR, 0)
  const double = startBotApi()
  double.slow(50)
  double.always({ kind: 'set', more: { stickers: STICKERS } })
  const telegram = { TELEGRAM_BOT_TOKEN: BOT_TOKEN, TELEGRAM_BOT_API_URL: double.url }
  const servers = await Promise.all([
    startTrawl(large, telegram),
    startProcess([process.execPath, 'tests/bench/stickers-floor.ts', large, SERVICE_TOKEN], {}),
    startTrawl(small, telegram),
  ])
  const [trawl, floor, alone] = servers as [Running, Running, Running]
  const against = (name: string, target: number, path: string) =>
    compareReads(name, target, [trawl, floor], `${BASE}${path}`, scale, { header: SERVICE })
  const rows = [
    await against('check by name', 0.6, '/check?name=Set_777'),
    await against('get by id, shortInfo', 0.6, '/778?shortInfo=true'),
    await against('author page of 20, shortInfo', 0.4, `/author/${AUTHOR}?shortInfo=true`),
    await againstSmaller(trawl, alone, scale),
    ...(await withTelegram(trawl, coldAuthors, scale)),
  ]
  for (const server of servers) await server.stop()
  await double.down()
  return rows
}
