import { afterEach, expect, test } from 'bun:test'
import { join } from 'node:path'
import { eventually } from '../support/eventually.ts'
import { killLeftovers, ownDirectory, startServer } from '../support/processes.ts'

const POLLER = join(import.meta.dir, '../support/scoring-poller.ts')
const PRODUCTS = 2000
const SILENT = 3

const pollers: ReturnType<typeof Bun.spawn>[] = []
afterEach(async () => {
  for (const child of pollers) child.kill('SIGKILL')
  await killLeftovers()
})

test('ten poller processes over 2,000 products: each handed out once, all scored, none lost when three are killed', async () => {
  const directory = ownDirectory()
  const server = await startServer(directory.database)
  for (let from = 0; from < PRODUCTS; from += 500) {
    const items = Array.from({ length: 500 }, (_, n) => ({
      ...{ title: `Gift ${from + n}`, product_url: `https://shop.example/p/${from + n}`, site_key: 'shop' },
    }))
    expect((await server.call('POST', '/internal/ingest-batch', { source_id: 0, items })).status).toBe(200)
  }
  const poll = (name: string, ...more: string[]) => {
    const child = Bun.spawn([process.execPath, POLLER, server.origin, name, ...more], { stdout: 'pipe', stderr: 'inherit' })
    pollers.push(child)
    return { child, text: new Response(child.stdout).text() }
  }
  const handedOf = (text: string): string[] =>
    text
      .trim()
      .split('\n')
      .flatMap((line) => JSON.parse(line).handed)
  const live = async (): Promise<number> => (await server.call('GET', '/internal/stats')).body.unscored_total

  const silent = Array.from({ length: SILENT }, (_, n) => poll(`silent${n}`, 'silent'))
  const busy = Array.from({ length: 10 - SILENT }, (_, n) => poll(`w${n}`))
  const done = await Promise.all(
    busy.map(async ({ child, text }) => ({ code: await child.exited, handed: handedOf(await text) })),
  )
  expect(done.map(({ code }) => code)).toEqual(done.map(() => 0))
  const first = done.flatMap(({ handed }) => handed)
  expect(new Set(first).size).toBe(first.length)
  for (const { child } of silent) child.kill('SIGKILL')
  const lost = (await Promise.all(silent.map(({ text }) => text))).flatMap(handedOf)
  await Promise.all(silent.map(({ child }) => child.exited))
  // Handed out once, to the living or to the dead; the dead ones' come back when their leases end.
  expect(new Set([...first, ...lost]).size).toBe(first.length + lost.length)
  const again: string[] = []
  const left = await eventually(
    async () => {
      const { child, text } = poll('later')
      await child.exited
      again.push(...handedOf(await text))
      return live()
    },
    (unscored) => unscored === 0,
    120_000,
  )
  expect(left).toBe(0)
  expect(new Set(again).size).toBe(again.length)
  expect(again.every((id) => lost.includes(id))).toBe(true)
  expect(new Set([...first, ...lost, ...again]).size).toBe(PRODUCTS)
  directory.remove()
}, 300_000)
