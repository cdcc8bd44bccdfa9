import { join } from 'node:path'
import { parse } from '@babel/parser'
import { plugin } from 'bun'

/**
 * `bun scripts/walks.ts`: sends requests through the whole app on SQLite, records which functions of `src` each of them enters, and writes
 * the files in their order into docs/architecture.md. To be run again when files have moved.
 */
const DOCUMENT = 'docs/architecture.md'
const ROOT = join(import.meta.dir, '..')
/** Functions of a file that are named, at most. */
const NAMED = 4

interface Step {
  file: string
  name: string
}
let steps: Step[] | undefined
/** Every function of `src` reports itself here when it is entered. */
;(globalThis as { walk?: unknown }).walk = (file: string, name: string) => void steps?.push({ file, name })

interface Node {
  type: string
  start: number
  end: number
  [key: string]: any
}
const isNode = (value: unknown): value is Node => typeof (value as Node | null)?.type === 'string'
const FUNCTIONS = ['ArrowFunctionExpression', 'FunctionDeclaration', 'FunctionExpression', 'ObjectMethod', 'ClassMethod']
/** What a reader would search for: a function's own name, or that of what it is stored in. */
const nameOf = (node: Node, parent: Node | undefined): string =>
  node.id?.name ?? node.key?.name ?? parent?.id?.name ?? (parent?.type === 'ObjectProperty' ? (parent.key?.name ?? '') : '')

/** The source with a report at the beginning of every function. */
const withReports = (source: string, file: string): string => {
  const edits: { at: number; text: string }[] = []
  const visit = (node: Node, parent: Node | undefined): void => {
    if (FUNCTIONS.includes(node.type) && isNode(node.body)) {
      const report = `globalThis.walk(${JSON.stringify(file)},${JSON.stringify(nameOf(node, parent))})`
      if (node.body.type === 'BlockStatement') edits.push({ at: node.body.start + 1, text: `${report};` })
      else edits.push({ at: node.body.start, text: `(${report},` }, { at: node.body.end, text: ')' })
    }
    for (const value of Object.values(node))
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, node)
  }
  visit(parse(source, { sourceType: 'module', plugins: ['typescript'] }).program as unknown as Node, undefined)
  let out = ''
  let from = 0
  for (const { at, text } of edits.toSorted((a, b) => a.at - b.at)) {
    out += source.slice(from, at) + text
    from = at
  }
  return out + source.slice(from)
}
plugin({
  name: 'walks',
  setup(build) {
    build.onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => {
      const source = await Bun.file(path).text()
      const isOurs = path.startsWith(`${ROOT}/src/`)
      return { loader: 'ts', contents: isOurs ? withReports(source, path.slice(ROOT.length + 1)) : source }
    })
  },
})

/** Records what happens until the promise resolves. */
const record = async <T>(work: () => Promise<T>): Promise<{ answer: T; walk: Step[] }> => {
  const walk: Step[] = []
  steps = walk
  const answer = await work().finally(() => {
    steps = undefined
  })
  return { answer, walk }
}

/** Files in the order in which they are entered, with the first functions of each; what serves every request comes as one line. */
const listOf = (walk: Step[]): string => {
  const files = new Map<string, Set<string>>()
  for (const { file, name } of walk) {
    const names = files.get(file) ?? new Set()
    files.set(file, names)
    if (name && !/^(get|set|now|call|map|run|all)$/.test(name)) names.add(name)
  }
  const own = [...files].filter(([file]) => !file.startsWith('src/platform/'))
  const platform = [...files.keys()].filter((file) => file.startsWith('src/platform/'))
  const lines = own.map(([file, names], at) => {
    const shown = [...names].slice(0, NAMED).map((name) => `\`${name}\``)
    return `${at + 1}. \`${file}\`${shown.length > 0 ? `: ${shown.join(', ')}${names.size > NAMED ? ' ...' : ''}` : ''}`
  })
  const below = platform.map((file) => `\`${file.slice('src/platform/'.length)}\``).join(', ')
  return `${lines.join('\n')}\n\n${files.size} files, ${own.length} of them outside \`src/platform\`. Of the platform: ${below}.`
}

const { createApp } = await import('../src/app.ts')
const { DEVELOPMENT_SHOP, loadConfig } = await import('../src/config.ts')
const { createPlatform } = await import('../src/platform/index.ts')
const { signNotification } = await import('../src/platform/robokassa.ts')
const { createLog } = await import('../src/platform/log.ts')

const config = loadConfig({ NODE_ENV: 'test', DATABASE_URL: 'sqlite::memory:', DEMO: '0', ...DEVELOPMENT_SHOP })
const platform = await createPlatform(config, { log: createLog({ level: 'error' }), version: 'walks' })
const app = createApp(platform)
await app.prepare()
app.app.listen({ port: 0, hostname: '127.0.0.1' })
const origin = `127.0.0.1:${app.app.server?.port}`

const send = async (method: string, path: string, headers: Record<string, string>, body?: unknown): Promise<any> => {
  const response = await fetch(`http://${origin}${path}`, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text
}
const INTERNAL = { 'x-internal-token': 'dev-internal-token' }
const CRAWLER = { authorization: 'Bearer dev-crawler-token' }
const SERVICE = { 'x-service-token': 'dev-service-token' }

/** Each request is sent once before it is recorded: what is made at first use is no part of its way. */
const walks: Record<string, string> = {}

const product = (site: string, n: number) => ({
  title: `Gift ${n}`,
  product_url: `https://${site}.example/${n}`,
  site_key: site,
  price: 9,
})
for (const site of ['first', 'second']) {
  const source = await send('POST', '/internal/sources', INTERNAL, {
    url: `https://${site}.example`,
    type: 'list',
    site_key: site,
  })
  const forced = await record(() => send('POST', `/internal/sources/${source.id}/force-run`, INTERNAL, {}))
  const leased = await record(() => send('POST', '/internal/workers/lease', INTERNAL, { worker_id: 'w', kinds: ['source.run'] }))
  const [{ id: task_id, fence }] = leased.answer.tasks
  const batch = { source_id: source.id, items: [product(site, 1), product(site, 2)], task_id, worker_id: 'w', fence }
  const ingested = await record(() => send('POST', '/internal/ingest-batch', INTERNAL, batch))
  const done = await record(() =>
    send('POST', `/internal/workers/tasks/${task_id}/complete`, INTERNAL, { worker_id: 'w', fence }),
  )
  Object.assign(walks, {
    'force-run': listOf(forced.walk),
    lease: listOf(leased.walk),
    ingest: listOf(ingested.walk),
    complete: listOf(done.walk),
  })
}

const socket = new WebSocket(`ws://${origin}/api/internal2/connect?token=dev-crawler-token`)
/** Resolves at the next frame of a type. */
const frame = (type: string) =>
  new Promise<void>((resolve) => {
    const onMessage = ({ data }: MessageEvent) => {
      if (JSON.parse(String(data)).type !== type) return
      socket.removeEventListener('message', onMessage)
      resolve()
    }
    socket.addEventListener('message', onMessage)
  })
await frame('connection_ready')
for (const id of ['first', 'second']) {
  await send('POST', '/api/internal2/tasks', CRAWLER, { data: { id, type: 'FETCH_TAGS', credentials: { accessToken: 'x' } } })
  const { walk } = await record(async () => {
    const received = frame('progress')
    await send('POST', `/api/internal2/tasks/${id}/progress`, CRAWLER, { type: 'progress', processed: 1, total: 2 })
    await received
  })
  walks.progress = listOf(walk)
}
socket.close()

for (const [n, phone] of ['+79990000001', '+79990000011'].entries()) {
  const sent = await send('POST', '/api/v1/telegram/auth/send-code', {}, { phone_number: phone })
  const login = { auth_session_id: sent.auth_session_id, code: '12345' }
  const { access_token } = await send('POST', '/api/v1/telegram/auth/verify-code', {}, login)
  const person = { authorization: `Bearer ${access_token}` }
  const accepted = await record(() => send('POST', '/api/v1/parsing/search', person, { query: 'crypto' }))
  walks.search = listOf(accepted.walk)
  if (n === 1) {
    const streamed = await record(async () => {
      const stream = send('GET', `/api/v1/parsing/${accepted.answer.search_id}/progress`, person)
      app.runner.start(['love-parser.search'])
      return stream
    })
    await app.runner.stop()
    walks['search-progress'] = listOf(streamed.walk)
  }
  const { order_id: invId } = await send('POST', '/api/v1/subscriptions/purchase', person, { plan_type: 'week' })
  const signed = { outSum: '450.00', invId, shp: [] }
  const { notification } = config.robokassa.testPasswords
  const form = { OutSum: '450.00', InvId: invId, IsTest: '1', SignatureValue: signNotification('sha256', signed, notification) }
  walks.payment = listOf((await record(() => send('POST', '/api/v1/subscriptions/webhook/robokassa', {}, form))).walk)
  const create = () => send('POST', '/internal/stickersets?userId=1', SERVICE, { name: `cats_${n}`, visibility: 'PUBLIC' })
  walks.sticker = listOf((await record(create)).walk)
}

let text = await Bun.file(DOCUMENT).text()
for (const [name, list] of Object.entries(walks)) {
  const place = new RegExp(`(<!-- walk: ${name} -->\n)[\\s\\S]*?(<!-- /walk -->)`)
  if (!place.test(text)) throw new Error(`${DOCUMENT} has no place for the walk ${name}`)
  text = text.replace(place, (_, start: string, end: string) => `${start}${list}\n${end}`)
}
await Bun.write(DOCUMENT, text)
process.exit(0)
