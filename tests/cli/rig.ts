import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCli } from '../../src/cli/index.ts'
import type { Io } from '../../src/cli/io.ts'
import { gitlabWorkerFromEnv } from '../../src/config.ts'
import { systemClock } from '../../src/platform/clock.ts'

export const FIXTURE = join(import.meta.dir, '../fixtures/products.ndjson')
export const CLI = join(import.meta.dir, '../../src/cli/index.ts')

/** A directory of the test's own, gone with `remove`. */
export const ownDirectory = () => {
  const path = mkdtempSync(join(tmpdir(), 'trawl-cli-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** Runs a command line in this process; waits between tries take no time, but are noted. */
export const runHere = async (cwd: string, argv: string[], more: Partial<Io> = {}) => {
  let out = ''
  let err = ''
  const slept: number[] = []
  const code = await runCli(argv, {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    stdin: async function* () {},
    isTty: false,
    cwd,
    clock: {
      now: systemClock.now,
      sleep: async (ms) => {
        slept.push(ms)
      },
    },
    token: undefined,
    logLevel: 'error',
    outboundAllow: [],
    gitlabWorker: () => gitlabWorkerFromEnv({}),
    ...more,
  })
  return { code, out, err, slept }
}
