import { afterAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { refusalOf } from '../../src/bun-version.ts'
import { VERSION } from '../../src/config.ts'
import { eventually } from '../support/eventually.ts'
import { GOOD_TOKEN, startGitlabDouble } from '../support/gitlab-double.ts'
import { killLeftovers, ownDirectory, ROOT, startServer, TOKEN } from '../support/processes.ts'

const own = ownDirectory()
afterAll(async () => {
  await killLeftovers()
  own.remove()
})

test('cases ux 1: the binary of `bun run build` has the command line, serves every family, and prints nothing but its log', async () => {
  const binary = join(own.path, 'trawl')
  const built = Bun.spawnSync([process.execPath, 'scripts/build.ts', binary], { cwd: ROOT, stdout: 'pipe', stderr: 'pipe' })
  expect(built.exitCode).toBe(0)
  const command = (...words: string[]) => {
    const { exitCode, stdout } = Bun.spawnSync([binary, ...words], { env: { DATABASE_URL: `sqlite:${own.database}` } })
    return { exitCode, said: stdout.toString() }
  }
  expect(command('--version')).toEqual({ exitCode: 0, said: `trawl ${VERSION}\n` })
  expect(command('start')).toEqual({ exitCode: 2, said: '' })
  // The whole command line, as `bun run trawl` has it: nothing of this starts a server.
  const typed = (...program: string[]) => {
    const { exitCode, stdout, stderr } = Bun.spawnSync(program, {
      env: { PATH: process.env.PATH ?? '', HOME: own.path, DATABASE_URL: `sqlite:${own.database}-typed` },
      cwd: own.path,
      timeout: 20_000,
    })
    return { exitCode, out: stdout.toString(), err: stderr.toString() }
  }
  const words = ['serve', 'ingest', 'worker', 'robokassa', 'migrate', 'backup', 'restore']
  for (const line of [
    ['--help'],
    ['--version'],
    ['wrong'],
    ['--wrong'],
    ['ingest'],
    ['migrate'],
    ...words.map((word) => [word, '--help']),
  ]) {
    const said = typed(binary, ...line)
    expect([line, said]).toEqual([line, typed(process.execPath, join(ROOT, 'src/cli/index.ts'), ...line)])
    expect([line, said.exitCode]).toEqual([
      line,
      ['wrong', '--wrong'].includes(line[0] as string) || line.join() === 'ingest' ? 2 : 0,
    ])
    if (line[1] === '--help') expect(said.out).toMatch(new RegExp(`^Usage: .*trawl ${line[0]}`))
  }
  expect(typed(binary, '--help').out).toContain('Usage: trawl <command>')
  const served = await startServer(join(own.path, 'served.db'), {}, undefined, [binary, 'serve'])
  served.child.kill('SIGTERM')
  expect(await served.child.exited).toBe(0)
  const server = await startServer(own.database, {}, undefined, [binary])
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${server.origin}${path}`, init)
    await response.body?.cancel()
    return response.status
  }
  const json = { 'content-type': 'application/json', 'x-internal-token': TOKEN }
  expect(await ask('/health')).toBe(200)
  expect(await ask('/readyz')).toBe(200)
  expect(await ask('/internal/sources', { headers: json })).toBe(200)
  const source = JSON.stringify({ url: 'https://shop.example/list', type: 'list', site_key: 'shop' })
  expect(await ask('/internal/sources', { method: 'POST', headers: json, body: source })).toBe(200)
  expect(await ask('/api/internal2/tasks', { headers: { authorization: 'Bearer dev-crawler-token' } })).toBe(200)
  expect(await ask('/internal/stickersets/check?name=a', { headers: { 'x-service-token': 'dev-service-token' } })).toBe(200)
  expect(await ask('/api/v1/auth/me')).toBe(401)
  expect(await ask('/docs/json')).toBe(200)
  expect(await ask('/metrics')).toBe(200)
  // Its web worker reads pages and its GitLab worker lists: their threads are inside the binary.
  const gitlab = startGitlabDouble()
  const shop = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: ({ url }) =>
      new URL(url).pathname === '/cup'
        ? new Response(`<script type="application/ld+json">{"@type":"Product","name":"Cup","offers":{"price":1}}</script>`, {
            headers: { 'content-type': 'text/html' },
          })
        : new Response('', { status: 404 }),
  })
  const reading = await startServer(
    join(own.path, 'reading.db'),
    {
      EMBEDDED_WORKERS: 'web,gitlab',
      WORKER_OUTPUT_DIR: join(own.path, 'out'),
      OUTBOUND_ALLOW: `127.0.0.1:${shop.port},${new URL(gitlab.origin).host}`,
    },
    undefined,
    [binary],
  )
  const config = { worker: 'web', web: { delay_ms: 0 } }
  const cup = { url: `http://127.0.0.1:${shop.port}/cup`, type: 'product', site_key: 'cups', config }
  const { body: made } = await reading.call('POST', '/internal/sources', cup)
  await reading.call('POST', `/internal/sources/${made.id}/force-run`)
  const { items } = await eventually(
    async () => (await reading.call('GET', '/internal/products?site_key=cups')).body,
    (page: any) => page.items.length > 0,
  )
  expect(items).toMatchObject([{ title: 'Cup', price: 1 }])
  const task = { id: 'tags', type: 'FETCH_TAGS', apiEndpoint: gitlab.endpoint, credentials: { accessToken: GOOD_TOKEN } }
  const auth = { authorization: 'Bearer dev-crawler-token' }
  await reading.call('POST', '/api/internal2/tasks', { data: { ...task, options: { resourceId: 'acme/tools' } } }, auth)
  await eventually(
    async () => (await reading.call('GET', '/api/internal2/tasks/tags', undefined, auth)).body.data,
    ({ status }) => status === 'completed',
  )
  reading.child.kill('SIGTERM')
  expect(await reading.child.exited).toBe(0)
  await Promise.all([shop.stop(true), gitlab.stop()])
  const copy = join(own.path, 'copy.db')
  expect(command('backup', copy)).toMatchObject({ exitCode: 0, said: expect.stringContaining(copy) })
  server.child.kill('SIGTERM')
  expect(await server.child.exited).toBe(0)
  expect(command('restore', copy)).toMatchObject({ exitCode: 0 })
  expect(await server.printed).toEqual([])
  expect(await server.errors).toBe('')
}, 300_000)

test('cases ux 5: an older Bun is refused in one line, by every entry before anything else', async () => {
  expect(refusalOf('1.2.23')).toBe(
    'Trawl needs Bun 1.4.5 or newer, this is 1.2.23: run it with `npx -y bun@1.4.5`, or `bun upgrade`',
  )
  expect(refusalOf('1.4.5')).toBeUndefined()
  expect(refusalOf('1.10.0')).toBeUndefined()
  for (const entry of ['src/main.ts', 'src/cli/index.ts', 'scripts/dev.ts'])
    expect((await Bun.file(join(ROOT, entry)).text()).match(/^import .*/m)?.[0]).toMatch(/^import '.*bun-version\.ts'$/)
})
