import { describe, expect, test } from 'bun:test'
import { createLocalBus, createLocalKv } from '../../src/platform/shared.ts'
import { fakeClock } from '../support/fake-clock.ts'

describe('kv in process', () => {
  test('a value lives for its time, and is replaced and deleted', async () => {
    const clock = fakeClock()
    const kv = createLocalKv(clock)
    expect(await kv.get('k')).toBeUndefined()
    await kv.set('k', 'one', 1000)
    clock.advance(999)
    expect(await kv.get('k')).toBe('one')
    await kv.set('k', '', 1000)
    clock.advance(999)
    expect(await kv.get('k')).toBe('')
    clock.advance(1)
    expect(await kv.get('k')).toBeUndefined()
    await kv.set('k', 'again', 1000)
    await kv.delete('k')
    await kv.delete('never there')
    expect(await kv.get('k')).toBeUndefined()
  })

  test('it stays within its bound; what was written longest ago goes first', async () => {
    const kv = createLocalKv(fakeClock(), 3)
    for (const key of ['a', 'b', 'c']) await kv.set(key, key, 1000)
    await kv.set('a', 'a2', 1000)
    await kv.set('d', 'd', 1000)
    expect(await Promise.all(['a', 'b', 'c', 'd'].map((key) => kv.get(key)))).toEqual(['a2', undefined, 'c', 'd'])
  })
})

describe('bus in process', () => {
  test('every subscriber of the topic is called, in order of subscription, within the publish', () => {
    const bus = createLocalBus(() => {})
    const received: string[] = []
    bus.subscribe('t', (message) => received.push(`1:${message}`))
    bus.subscribe('t', (message) => received.push(`2:${message}`))
    bus.subscribe('other', (message) => received.push(`other:${message}`))
    bus.publish('t', 'x')
    bus.publish('nobody', 'y')
    expect(received).toEqual(['1:x', '2:x'])
  })

  test('the error of a handler is reported, and the others are still called', () => {
    const errors: unknown[] = []
    const bus = createLocalBus((error, topic) => errors.push([(error as Error).message, topic]))
    const received: unknown[] = []
    bus.subscribe('t', () => {
      throw new Error('broken')
    })
    bus.subscribe('t', (message) => received.push(message))
    bus.publish('t', 1)
    expect([received, errors]).toEqual([[1], [['broken', 't']]])
  })

  test('an ended subscription is not called; ending it twice ends no other', () => {
    const bus = createLocalBus(() => {})
    const received: string[] = []
    const end = bus.subscribe('t', () => received.push('first'))
    end()
    bus.subscribe('t', () => received.push('second'))
    end()
    bus.publish('t', 1)
    expect(received).toEqual(['second'])
  })

  test('a handler may end its own subscription while it runs', () => {
    const bus = createLocalBus(() => {})
    const received: string[] = []
    const end = bus.subscribe('t', () => {
      end()
      received.push('once')
    })
    bus.subscribe('t', () => received.push('always'))
    bus.publish('t', 1)
    bus.publish('t', 2)
    expect(received).toEqual(['once', 'always', 'always'])
  })
})
