import { describe, expect, test } from 'bun:test'
import type { SearchState, SearchStep } from '../../../src/platform/telegram/user-api/index.ts'
import { eventually } from '../../support/eventually.ts'
import { methods, NOW, searching, three } from './searching.ts'
import { history } from './telegram-objects.ts'
import { problem, refuse } from './wire.ts'

describe('live search that is interrupted (love-parser §4, §11.12, §11.13)', () => {
  /** Reads until the step with `read` channels, then answers its state as another process would get it. */
  const readUntil = async (steps: AsyncGenerator<SearchStep>, read: number): Promise<SearchState> => {
    for await (const step of steps)
      if (step.kind === 'reading' && step.read === read) return JSON.parse(JSON.stringify(step.state))
    throw new Error('the search ended before')
  }

  test('§4: it continues with the next channel; what is read is not requested again, and the rows are the same', async () => {
    const whole = await searching(three).finish()
    const first = searching(three)
    const state = await readUntil(first.steps, 1)
    expect(methods(first.asked)).toEqual(['contacts.search', 'channels.getFullChannel', 'messages.getHistory'])
    const second = searching(three, { resume: state })
    const { all, done } = await second.finish()
    expect(all[0]).toMatchObject({ kind: 'reading', read: 1, of: 3 })
    expect(methods(second.asked)).toEqual([
      'channels.getFullChannel',
      'messages.getHistory',
      'channels.getFullChannel',
      'messages.getHistory',
    ])
    expect(done.rows).toEqual(whole.done.rows)
  })

  test('§4: with all channels read, nothing is requested', async () => {
    const state = await readUntil(searching(three).steps, 0)
    const whole = await searching(three).finish()
    const last = whole.all.at(-2) as Extract<SearchStep, { kind: 'reading' }>
    const { finish, asked } = searching({}, { resume: JSON.parse(JSON.stringify(last.state)) })
    expect((await finish()).done.rows).toEqual(whole.done.rows)
    expect(asked).toEqual([])
    expect(state).toMatchObject({ source: 'mtproto', read: [] })
  })

  test('a state of the sandbox, or none of ours, starts anew', async () => {
    for (const resume of [{ source: 'sandbox', read: 2 }, { source: 'mtproto' }] as SearchState[]) {
      const { steps, asked } = searching(three, { resume })
      expect(await steps.next()).toMatchObject({ value: { read: 0, of: 3 } })
      expect(methods(asked)).toEqual(['contacts.search'])
    }
  })

  test.each([
    [420, 'FLOOD_WAIT_30', { problem: 'flood', seconds: 30 }],
    [401, 'AUTH_KEY_UNREGISTERED', { problem: 'session_revoked' }],
    [500, 'RPC_CALL_FAIL', { problem: 'unavailable' }],
  ])(
    '§11.12: %p %s in the middle is reported at once, with the channels read so far in the last state',
    async (code, text, expected) => {
      let tries = 0
      const { finish, asked, clock } = searching({
        ...three,
        'messages.getHistory': () => (++tries === 2 ? refuse(code, text) : history([])),
      })
      expect(await problem(finish())).toEqual(expected)
      expect(methods(asked)).toHaveLength(5)
      expect(clock.now()).toBe(NOW)
    },
  )

  test('§4: cancelling between channels ends the pause and asks nothing more', async () => {
    const stop = new AbortController()
    const { steps, asked, clock } = searching(three, { signal: stop.signal })
    await steps.next()
    await steps.next()
    const third = steps.next()
    await eventually(() => clock.sleeping() > 0)
    stop.abort('cancelled by the user')
    expect(await problem(third)).toEqual({ threw: 'cancelled by the user' })
    expect([methods(asked).length, clock.sleeping()]).toEqual([3, 0])
    expect(await problem(searching(three, { signal: AbortSignal.abort('before') }).steps.next())).toEqual({ threw: 'before' })
  })

  test('searches of one gateway share one link, and leaving one early leaves the others', async () => {
    const { gateway, steps, asked } = searching(three)
    await steps.next()
    await steps.return()
    const again = gateway.search({ query: 'Markt', filters: {}, limit: 5, now: NOW })
    expect(await again.next()).toMatchObject({ value: { of: 3 } })
    expect(methods(asked)).toEqual(['contacts.search', 'contacts.search'])
  })
})
