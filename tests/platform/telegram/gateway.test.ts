import { describe, expect, test } from 'bun:test'
import { createTelegramGateway } from '../../../src/platform/telegram/user-api/index.ts'
import { foundNothing, problem, serviceSession, testWire } from './wire.ts'

const SEARCH = { query: 'x', filters: {}, limit: 5, now: 0 }

describe('the gateway of a mode (love-parser §7)', () => {
  test('§7: mtproto is the same port behind its first call', async () => {
    const { deps, asked } = testWire({
      session: await serviceSession(),
      responders: {
        'help.getNearestDc': () => ({ _: 'nearestDc', country: 'DE', thisDc: 2, nearestDc: 2 }),
        'contacts.search': foundNothing,
      },
    })
    const gateway = createTelegramGateway('mtproto', deps)
    expect([gateway.source, asked.length]).toEqual(['mtproto', 0])
    await gateway.ping()
    expect((await Array.fromAsync(gateway.search(SEARCH))).at(-1)).toEqual({ kind: 'done', of: 0, rows: [] })
    expect(await problem(gateway.signIn('', { phoneCodeHash: '', code: '' }))).toEqual({ problem: 'session_revoked' })
    expect(await problem(gateway.checkPassword('', ''))).toEqual({ problem: 'session_revoked' })
    await gateway.close()
    expect(await problem(gateway.ping())).toEqual({ problem: 'unavailable' })
  })

  test('an unused gateway closes, and stays closed', async () => {
    const gateway = createTelegramGateway('mtproto', testWire({ session: await serviceSession() }).deps)
    await gateway.close()
    for (const call of [
      gateway.ping(),
      gateway.sendCode('+79991112233'),
      gateway.signIn('', { phoneCodeHash: '', code: '' }),
      gateway.checkPassword('', ''),
      gateway.search(SEARCH).next(),
    ])
      expect(await problem(call)).toEqual({ problem: 'unavailable' })
  })

  test('the MTProto library is loaded by the first live call only: the sandbox and a start do without', async () => {
    const script = `
      const loaded = () => Object.keys(require.cache).some((file) => file.includes('@mtcute'))
      const { createTelegramGateway } = await import('./src/platform/telegram/user-api/index.ts')
      const log = { debug() {}, info() {}, warn() {}, error() {} }
      const clock = { now: Date.now, sleep: () => new Promise(() => {}) }
      const deps = { credentials: null, session: null, callDelayMs: 0, random: Math.random, clock, log }
      await createTelegramGateway('sandbox', deps).sendCode('+79991112233')
      const live = createTelegramGateway('mtproto', deps)
      const before = loaded()
      await live.ping().catch(() => {})
      console.log(before, loaded())`
    const run = Bun.spawn([process.execPath, '-e', script], { cwd: `${import.meta.dir}/../../..`, stderr: 'inherit' })
    expect((await new Response(run.stdout).text()).trim()).toBe('false true')
  })
})
