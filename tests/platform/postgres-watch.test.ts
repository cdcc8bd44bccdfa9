import { expect, test } from 'bun:test'
import { createWatch } from '../../src/platform/db/postgres-watch.ts'
import { until } from '../support/processes.ts'

test('DESIGN §5: a server that refuses is away at once, new work is refused, and its return is noticed without any', async () => {
  let there = false
  const asked: number[] = []
  const watch = createWatch({
    async probe() {
      asked.push(1)
      if (!there) throw new Error('refused')
    },
    statementTimeoutMs: 30_000,
    doubtMs: 1000,
  })
  // Nothing listens on the discard port; nothing was begun, so that no look is under way.
  const socket = watch.connect({ host: ['127.0.0.1'], port: [9] })
  socket.on('error', () => {})
  const isAway = async () => {
    try {
      watch.begin()()
      return false
    } catch (error) {
      expect((error as { code: string }).code).toBe('CONNECTION_CLOSED')
      return true
    }
  }
  expect(await until(isAway, (away) => away)).toBe(true)
  expect(socket.destroyed).toBe(true)
  there = true
  expect(await until(isAway, (away) => !away)).toBe(false)
  expect(asked.length).toBeGreaterThan(1)
  watch.stop()
})
