import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { openInput } from '../../src/cli/ingest-input.ts'
import { CLI, ownDirectory, runHere } from './rig.ts'

let directory: ReturnType<typeof ownDirectory>
beforeEach(() => {
  directory = ownDirectory()
})
afterEach(() => directory.remove())
const cli = (...argv: string[]) => runHere(directory.path, argv)
const spawn = (argv: string[], env: Record<string, string> = {}) =>
  Bun.spawnSync([process.execPath, CLI, ...argv], { cwd: directory.path, env: { ...process.env, ...env } })

describe('trawl', () => {
  test('helps, and refuses what it does not know with 2', async () => {
    expect(await cli('help')).toMatchObject({ code: 0, out: expect.stringContaining('ingest') })
    expect((await cli()).code).toBe(2)
    expect(await cli('fish')).toMatchObject({ code: 2, err: expect.stringContaining('unknown command "fish"') })
    expect(await cli('constructor')).toMatchObject({ code: 2 })
    for (const command of ['ingest', 'worker', 'robokassa', 'migrate'])
      expect(await cli(command, '--help')).toMatchObject({ code: 0, out: expect.stringContaining(`Usage: trawl ${command}`) })
  })

  const wrong = [
    ['ingest'],
    ['ingest', 'missing.ndjson', '--site', 'x'],
    ['ingest', CLI],
    ['ingest', CLI, '--site', 'a b'],
    ['ingest', CLI, '--site', 'x', '--batch', '0'],
    ['ingest', CLI, '--site', 'x', '--server', 'ftp://x'],
    ['ingest', CLI, '--site', 'x', '--server', 'https://example.com'],
    ['ingest', CLI, '--site', 'x', '--wrong'],
    ['worker'],
    ['worker', '--kinds', 'fish'],
    ['worker', '--kinds', 'web', '--lease-seconds', '1'],
    ['worker', '--kinds', 'web', '--allow', 'localhost'],
    ['migrate', 'now'],
  ]
  for (const argv of wrong)
    test(`${argv.join(' ').replace(CLI, 'FILE')} is wrong usage`, async () => {
      const { code, err } = await cli(...argv)
      expect(code).toBe(2)
      expect(err).toContain(`Usage: trawl ${argv[0]}`)
    })

  test('migrates the named database and prints its version', async () => {
    const env = { DATABASE_URL: `sqlite:${join(directory.path, 'new/trawl.db')}` }
    const first = spawn(['migrate'], env)
    expect(first.stderr.toString()).toBe('')
    expect(first.exitCode).toBe(0)
    expect(first.stdout.toString()).toMatch(/^sqlite:.*trawl\.db is at \d{4}_\S+ \(\d+ migrations\)\n$/)
    expect(spawn(['migrate'], env).stdout.toString()).toBe(first.stdout.toString())
  })

  test('the error of an unusable database does not contain its password', async () => {
    expect(spawn(['migrate'], { DATABASE_URL: 'mysql://x' })).toMatchObject({ exitCode: 2 })
    const refused = spawn(['migrate'], { DATABASE_URL: 'postgres://someone:pass1234word@127.0.0.1:9/x' })
    expect(refused.exitCode).toBe(3)
    expect(refused.stderr.toString()).toContain('postgres://127.0.0.1:9/x')
    expect(refused.stderr.toString()).not.toContain('pass1234word')
  })
})

describe('lines of a file', () => {
  const readLines = async (path: string, from: { offset: number; line: number }) =>
    Array.fromAsync((await openInput({ name: path, path, stdin: async function* () {} }, 'ndjson')).records(from))

  test('come whole from chunks of any size, with their numbers and ends', async () => {
    const path = join(directory.path, 'lines')
    const long = 'ж'.repeat(150_000)
    const text = ['a', '', long, '  ', 'я'].join('\n')
    await Bun.write(path, text)
    const lines = await readLines(path, { offset: 0, line: 0 })
    expect(lines.map(({ text, number }) => [text === long ? 'long' : text, number])).toEqual([
      ['a', 1],
      ['long', 3],
      ['я', 5],
    ])
    expect(lines.at(-1)?.end).toBe(Buffer.byteLength(text))
    const rest = await readLines(path, { offset: lines[1]!.end, line: 3 })
    expect(rest).toEqual(lines.slice(2))
  })

  test('that are too long come without their text', async () => {
    const path = join(directory.path, 'lines')
    await Bun.write(path, `${'x'.repeat(5 * 1024 * 1024)}\nnext`)
    const lines = await readLines(path, { offset: 0, line: 0 })
    expect(lines.map(({ json, problem, number }) => [json, problem, number])).toEqual([
      [undefined, 'longer than 4 MiB', 1],
      ['next', undefined, 2],
    ])
  })
})
