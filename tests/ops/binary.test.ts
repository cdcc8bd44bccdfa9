import { afterAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { killLeftovers, ownDirectory, ROOT, startServer, TOKEN } from '../support/processes.ts'

const own = ownDirectory()
afterAll(async () => {
  await killLeftovers()
  own.remove()
})

test('the binary of `bun run build` serves every family, and prints nothing but its log', async () => {
  const binary = join(own.path, 'trawl')
  const built = Bun.spawnSync([process.execPath, 'scripts/build.ts', binary], { cwd: ROOT, stdout: 'pipe', stderr: 'pipe' })
  expect(built.exitCode).toBe(0)
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
  server.child.kill('SIGTERM')
  expect(await server.child.exited).toBe(0)
  expect(await server.printed).toEqual([])
  expect(await server.errors).toBe('')
}, 60_000)
