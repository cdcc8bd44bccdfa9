import { expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { openDatabase } from '../../src/platform/db/open.ts'
import { product } from '../gifty/rig.ts'
import { createTestApp } from '../support/app.ts'

const server = process.env.TEST_DATABASE_URL
const tools = Bun.which('pg_dump') !== null && Bun.which('pg_restore') !== null
if (!server) console.warn('skipped: pg_dump and pg_restore (TEST_DATABASE_URL is not set)')
else if (!tools) console.warn('skipped: pg_dump and pg_restore (they are not installed)')

test.skipIf(!server || !tools)(
  'the commands of the documentation bring a Postgres database back, row by row, and it can be worked with',
  async () => {
    const page = await Bun.file('docs/operations/backup-and-upgrade.md').text()
    const command = (tool: string) => {
      const text = new RegExp(`\`(${tool} --[^\`]+)\``).exec(page)?.[1]
      if (!text) throw new Error(`the page does not say how to use ${tool}`)
      return text
    }
    const folder = mkdtempSync(join(tmpdir(), 'trawl-dump-'))
    const admin = postgres(server as string, { max: 1, onnotice: () => {} })
    const names = [0, 1].map(() => `trawl_test_${randomUUID().replaceAll('-', '')}`) as [string, string]
    const urls = names.map((name) => {
      const url = new URL(server as string)
      url.pathname = `/${name}`
      return url.toString()
    }) as [string, string]
    const content = async (url: string) => {
      const sql = postgres(url, { max: 1, onnotice: () => {} })
      try {
        const tables = (await sql.unsafe(`select tablename as name from pg_tables where schemaname = 'public' order by 1`)).map(
          ({ name }) => name,
        )
        const out: Record<string, string> = {}
        for (const name of tables)
          out[name] = (
            await sql.unsafe(`select coalesce(string_agg(t::text, chr(10) order by t::text), '') as rows from "${name}" t`)
          )[0]?.rows
        return out
      } finally {
        await sql.end()
      }
    }
    const shell = (text: string, url: string) =>
      Bun.spawnSync(['sh', '-c', text], {
        cwd: folder,
        env: { PATH: process.env.PATH ?? '', DATABASE_URL: url },
        stdout: 'pipe',
        stderr: 'pipe',
      })
    try {
      for (const name of names) await admin.unsafe(`create database ${name}`)
      const before = await openDatabase({ url: urls[0], poolMax: 2 })
      const app = await createTestApp(before)
      const source = await app.post('/internal/sources', { url: 'https://shop.example/l', type: 'list', site_key: 'shop' })
      expect((await app.post(`/internal/sources/${source.body.id}/force-run`)).status).toBe(200)
      expect((await app.post('/internal/ingest-batch', { source_id: 0, items: [product(1), product('Ж')] })).status).toBe(200)
      const dumped = shell(command('pg_dump'), urls[0])
      expect([dumped.exitCode, dumped.stderr.toString()]).toEqual([0, ''])
      const restored = shell(command('pg_restore'), urls[1])
      expect([restored.exitCode, restored.stderr.toString()]).toEqual([0, ''])
      expect(await content(urls[1])).toEqual(await content(urls[0]))
      expect(Object.keys(await content(urls[1])).length).toBeGreaterThan(40)
      await before.close()

      const after = await openDatabase({ url: urls[1], poolMax: 2 })
      const again = await createTestApp(after)
      expect((await again.get('/internal/products?site_key=shop')).body.items.length).toBe(2)
      // Ids go on where they were.
      const next = await again.post('/internal/sources', { url: 'https://shop.example/m', type: 'list', site_key: 'shop' })
      expect(next.body.id).toBeGreaterThan(source.body.id)
      await after.close()
    } finally {
      for (const name of names) await admin.unsafe(`drop database if exists ${name} with (force)`)
      await admin.end()
      rmSync(folder, { recursive: true, force: true })
    }
  },
  120_000,
)
