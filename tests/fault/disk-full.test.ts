import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqlite } from '../../src/platform/db/sqlite.ts'
import { eventually } from '../support/eventually.ts'
import { killLeftovers, startServer } from '../support/processes.ts'
import { auditIngestion, startIngesting } from './ingesting.ts'
import { reportFault } from './report.ts'

/** A volume of this test's own that can be full: memory, 24 MB of it. Only root may mount one. */
const volume = mkdtempSync(join(tmpdir(), 'trawl-volume-'))
const mounted =
  Bun.which('mount') !== null && Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', volume]).exitCode === 0
if (!mounted) console.warn('skipped: disk full (a volume cannot be mounted here)')
afterAll(async () => {
  await killLeftovers()
  if (mounted) Bun.spawnSync(['umount', '-l', volume])
  rmSync(volume, { recursive: true, force: true })
})

test.skipIf(!mounted)(
  'a full disk refuses writes with 503, reads go on, and with space again writes do, without a restart',
  async () => {
    const ballast = join(volume, 'ballast')
    writeFileSync(ballast, Buffer.alloc(17 * 1024 * 1024))
    const server = await startServer(join(volume, 'trawl.db'), { FAMILIES: 'gifty' })
    const load = startIngesting([server.origin])
    await load.recovery(performance.now())
    await eventually(
      async () => load.statuses.get(503) ?? 0,
      (refused) => refused >= 5,
    )
    const before = load.answered.length
    expect((await server.call('GET', '/internal/stats')).status).toBe(200)
    expect((await server.call('GET', '/internal/products?limit=1')).body.items).toHaveLength(1)
    expect((await fetch(`${server.origin}/health`)).status).toBe(200)
    rmSync(ballast)
    const recoveryMs = await load.recovery(performance.now())
    await load.stop()
    expect(load.answered.length).toBeGreaterThan(before)
    server.child.kill('SIGKILL')
    await server.child.exited
    const db = openSqlite({ path: join(volume, 'trawl.db') })
    const audit = await auditIngestion(db, load)
    await db.close()
    reportFault({
      test: 'disk full on the SQLite volume',
      faults: `1, ${load.statuses.get(503)} refusals`,
      acknowledged: load.answered.length * 100,
      ...audit,
      recoveryMs,
    })
    expect(audit).toEqual({ lost: 0, duplicated: 0 })
  },
  180_000,
)
