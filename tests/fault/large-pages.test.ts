import { afterAll, expect, test } from 'bun:test'
import { killLeftovers, ownDirectory, startServer, TOKEN } from '../support/processes.ts'

const TASKS = 200
const CONFIG_BYTES = 100_000
const READERS = 8
/** One page of all 20 MB kept the old server's loop for a second, eight readers for eight of them, on a quiet machine. */
const LIVEZ_MS = 4000

const directory = ownDirectory()
afterAll(async () => {
  await killLeftovers()
  directory.remove()
})

test('A12: lists of tasks with large payloads come in bounded pages, and /livez answers meanwhile', async () => {
  const { origin } = await startServer(directory.database, { EMBEDDED_WORKERS: 'none' })
  const headers = { 'x-internal-token': TOKEN, 'content-type': 'application/json' }
  const call = async (path: string, body?: unknown) => {
    const response = await fetch(`${origin}${path}`, { headers, ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}) })
    expect(response.status).toBeLessThan(300)
    return await response.text()
  }
  const text = 'x'.repeat(CONFIG_BYTES)
  for (let n = 0; n < TASKS; n++) {
    const source = { url: `https://shop.example/${n}`, type: 'list', site_key: 'shop', strategy: 'deep', config: { text } }
    const { id } = JSON.parse(await call('/internal/sources', source))
    await call(`/internal/sources/${id}/force-run`, {})
  }

  const walk = async () => {
    const ids = new Set<string>()
    for (let cursor: string | undefined; ; ) {
      const page = await call(`/internal/tasks?limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`)
      expect(page.length).toBeLessThan(4.5 * 1024 * 1024)
      const { tasks, next_cursor } = JSON.parse(page)
      for (const { id } of tasks) ids.add(id)
      if (!next_cursor) return ids.size
      cursor = next_cursor
    }
  }
  let reading = true
  const probe = async () => {
    let longest = 0
    let answers = 0
    for (; reading; answers++) {
      const since = performance.now()
      expect((await fetch(`${origin}/livez`)).status).toBe(200)
      longest = Math.max(longest, performance.now() - since)
    }
    return { longest, answers }
  }
  const probing = probe()
  const counts = await Promise.all(Array.from({ length: READERS }, walk))
  reading = false
  const { longest, answers } = await probing
  expect(counts).toEqual(Array(READERS).fill(TASKS))
  console.log(`${answers} answers of /livez, the longest took ${longest.toFixed(0)} ms`)
  expect(longest).toBeLessThan(LIVEZ_MS)
}, 300_000)
