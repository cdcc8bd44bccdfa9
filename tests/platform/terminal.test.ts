import { expect, test } from 'bun:test'
import { nearMisses } from '../../src/config/near-misses.ts'
import { createLog, createTerminal } from '../../src/platform/log.ts'

const recorded = (isInteractive: boolean) => {
  const out: string[] = []
  const terminal = createTerminal({ write: (text) => void out.push(text), isInteractive, columns: () => 20 })
  return { out, terminal }
}
/** What a screen of 20 columns shows. */
const screenOf = (out: string[]) =>
  out
    .join('')
    .split('\n')
    .map((line) => line.slice(line.lastIndexOf('\r\x1b[2K') + 1).replace('\x1b[2K', ''))

test('ux 7: in a terminal lines of the log stand above the live line, which is one row', () => {
  const { out, terminal } = recorded(true)
  const log = createLog({
    level: 'info',
    now: () => Date.parse('2026-01-15T12:00:01Z'),
    write: terminal.write,
    format: 'readable',
  })
  terminal.live('fleet: 1 running')
  log.info('listening', { url: 'http://here', note: 'two words', nothing: undefined })
  terminal.live('fleet: 2 running, 40 queued')
  log.warn('tokens', { token: 'geheim', list: [1, 2] })
  expect(screenOf(out)).toEqual([
    '12:00:01 info  listening  url=http://here  note="two words"',
    '12:00:01 warn  tokens  token=[redacted]  list=[1,2]',
    'fleet: 2 running, 4',
  ])
  terminal.live()
  log.error('a tick failed', { error: new Error('no rows') })
  expect(screenOf(out)[2]).toBe('12:00:01 error a tick failed  error="no rows"')
  expect(out.at(-1)).toContain('Error: no rows\n    at ')
})

test('ux 7: in a pipe every line is whole, JSON from the log and text from the rest', () => {
  const { out, terminal } = recorded(false)
  const log = createLog({ level: 'info', now: () => 0, write: terminal.write })
  terminal.live('fleet: 1 running, 40 queued, 7 today')
  log.info('listening')
  terminal.live()
  expect(out).toEqual([
    'fleet: 1 running, 40 queued, 7 today\n',
    '{"time":"1970-01-01T00:00:00.000Z","level":"info","message":"listening"}\n',
  ])
})

test('names that are nearly variables of ours, and names that are not', () => {
  const said = (...names: string[]) => nearMisses(Object.fromEntries(names.map((name) => [name, 'x'])))
  expect(said('DATABASE_ULR', 'DATABASEURL', 'database_url', 'TRUST_PROXI', 'LOGLEVEL', 'INTERNAL_API_TOKENS')).toEqual([
    'DATABASE_ULR is not read; is DATABASE_URL meant?',
    'DATABASEURL is not read; is DATABASE_URL meant?',
    'database_url is not read; is DATABASE_URL meant?',
    'TRUST_PROXI is not read; is TRUST_PROXY meant?',
    'LOGLEVEL is not read; is LOG_LEVEL meant?',
    'INTERNAL_API_TOKENS is not read; is INTERNAL_API_TOKEN meant?',
  ])
  expect(
    said('PATH', 'HOME', 'HOSTNAME', 'LANG', 'SHELL', 'NODE_OPTIONS', 'PORTS', 'XDG_RUNTIME_DIR', 'npm_config_cache'),
  ).toEqual([])
  expect(said('DATABASE_URL', 'DATABASE_URI')).toEqual([])
})
