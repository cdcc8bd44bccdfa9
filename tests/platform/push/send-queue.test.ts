import { describe, expect, test } from 'bun:test'
import { type Payload, type QueueLimits, SendQueue } from '../../../src/platform/push/send-queue.ts'
import { turns } from '../../support/eventually.ts'
import { fakeClock } from '../../support/fake-clock.ts'

const MIB = 1024 * 1024
const LIMITS: QueueLimits = { coalesceBytes: MIB, maxBytes: 8 * MIB, stalledMs: 60_000, lowWaterBytes: 0 }

/** A reader that takes everything, or keeps what it is given inside until it is read. */
class Reader extends SendQueue {
  readonly taken: string[] = []
  closed: { code: number; reason: string } | undefined
  stuck = false
  inside = 0
  protected write(payload: Payload): boolean {
    this.taken.push(payload as string)
    if (this.stuck) this.inside += payload.length
    return !this.stuck
  }
  protected buffered(): number {
    return this.inside
  }
  protected close(code: number, reason: string): void {
    this.closed = { code, reason }
  }
  /** Its client reads what waits, and keeps reading. */
  read(): void {
    this.stuck = false
    this.inside = 0
    this.drained()
  }
}
const make = (limits: Partial<QueueLimits> = {}) => {
  const clock = fakeClock()
  const reader = new Reader({ ...LIMITS, ...limits }, clock.now)
  return { clock, reader }
}
const started = (limits: Partial<QueueLimits> = {}) => {
  const made = make(limits)
  made.reader.start()
  return made
}

describe('send queue: order and limits', () => {
  test('over 1 MiB pending payloads coalesce to the newest per key, nothing else is dropped, order stays', () => {
    const { reader } = started()
    reader.stuck = true
    reader.push('first', 1)
    const filler = 'x'.repeat(1000)
    let seq = 1
    for (let n = 0; n < 3000; n++) reader.push(`p ${n % 3} ${n} ${filler}`, ++seq, `task-${n % 3}`)
    reader.push('status', ++seq)
    reader.push(`p 0 last ${filler}`, ++seq, 'task-0')
    expect(reader.pending()).toBeLessThan(MIB + 2000)
    expect(reader.sentSeq).toBe(1)
    reader.read()
    const tail = reader.taken.slice(-4).map((text) => text.split(' x')[0])
    expect(tail).toEqual(['p 1 2998', 'p 2 2999', 'status', 'p 0 last'])
    expect([reader.sentSeq, reader.pending(), reader.closed]).toEqual([seq, 0, undefined])
    reader.push('again', ++seq)
    expect(reader.taken.at(-1)).toBe('again')
  })

  test('many keys and many dropped payloads: what is left comes once, in the order of the newest', () => {
    const { reader } = started({ coalesceBytes: 0 })
    reader.stuck = true
    reader.push('first')
    for (let n = 0; n < 20_000; n++) reader.push(`${n % 7}:${n}`, undefined, n % 10 === 9 ? undefined : String(n % 7))
    reader.read()
    const rest = reader.taken.slice(1)
    expect(rest.filter((text) => Number(text.split(':')[1]) % 10 === 9)).toHaveLength(2000)
    expect(rest).toHaveLength(2007)
    const numbers = rest.map((text) => Number(text.split(':')[1]))
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
    expect(reader.pending()).toBe(0)
  })

  test('limits count bytes, not characters', () => {
    const { reader } = started({ coalesceBytes: 0, maxBytes: 100 })
    reader.stuck = true
    reader.push('x')
    reader.push('я'.repeat(49))
    expect([reader.pending(), reader.closed]).toEqual([98, undefined])
    reader.push('я')
    expect(reader.closed).toEqual({ code: 1013, reason: 'too slow' })
  })

  test('over 8 MiB, or 60 s in which nothing was taken, it is closed with 1013', () => {
    const full = started().reader
    full.stuck = true
    full.push('first')
    for (let n = 0; n < 9; n++) full.push('y'.repeat(MIB - 100))
    expect(full.closed?.code).toBe(1013)
    expect(full.pending()).toBe(0)

    const { reader, clock } = started()
    reader.stuck = true
    reader.push('first')
    clock.advance(59_999)
    reader.check()
    // It takes a little now and then: slow, but alive.
    reader.inside -= 1
    reader.drained()
    clock.advance(59_999)
    reader.check()
    expect(reader.closed).toBeUndefined()
    clock.advance(1)
    reader.check()
    expect(reader.closed?.code).toBe(1013)
  })

  test('a reader gets the next payload once it is down to its low water, whether or not it says so', () => {
    const { reader } = started({ lowWaterBytes: 10 })
    reader.stuck = true
    reader.push('x'.repeat(100))
    reader.push('second')
    reader.inside = 11
    reader.drained()
    expect(reader.taken).toHaveLength(1)
    reader.inside = 10
    reader.drained()
    expect(reader.taken.at(-1)).toBe('second')
    reader.push('third')
    reader.stuck = false
    reader.inside = 0
    reader.push('fourth')
    expect(reader.taken.slice(-2)).toEqual(['third', 'fourth'])
  })
})

describe('send queue: resume', () => {
  test('missed events, then those that came meanwhile, then live ones, none twice', () => {
    const { reader } = make()
    // It receives from number 3 on; 2 and 3 are among the missed.
    reader.acceptAfter(3)
    for (const seq of [2, 3, 4, 5]) reader.push(`live ${seq}`, seq)
    reader.start(
      'ready',
      [2, 3].map((seq) => ({ text: `missed ${seq}`, seq })),
      1,
    )
    reader.push('live 5 again', 5)
    reader.push('answer')
    reader.push('live 6', 6)
    expect(reader.taken).toEqual(['ready', 'missed 2', 'missed 3', 'live 4', 'live 5', 'answer', 'live 6'])
    expect(reader.sentSeq).toBe(6)
  })

  test('the place is that of what the reader has taken, not of what waits', () => {
    const { reader } = make()
    reader.acceptAfter(10)
    reader.stuck = true
    reader.start('ready', [{ text: 'missed', seq: 9 }], 8)
    reader.push('live', 11)
    expect(reader.sentSeq).toBe(8)
    reader.read()
    expect(reader.sentSeq).toBe(11)
    expect(reader.taken).toEqual(['ready', 'missed', 'live'])
  })
})

describe('send queue: the end', () => {
  test('finish closes after what waits has been sent, also before its reader is there', () => {
    const { reader } = make()
    reader.push('before')
    reader.finish(4004, 'gone')
    reader.push('after')
    expect([reader.isEnded(), reader.closed]).toEqual([true, undefined])
    reader.start('ready')
    expect(reader.taken).toEqual(['ready', 'before'])
    expect(reader.closed).toEqual({ code: 4004, reason: 'gone' })

    const slow = started().reader
    slow.stuck = true
    slow.push('one')
    slow.push('two')
    slow.finish(1000, 'done')
    expect(slow.closed).toBeUndefined()
    slow.read()
    expect([slow.taken, slow.closed?.code]).toEqual([['one', 'two'], 1000])
  })

  test('end drops what waits, notifies its owner once, and nothing is taken any more', async () => {
    const { reader } = started()
    let ends = 0
    reader.onEnd = () => ends++
    reader.stuck = true
    reader.push('one')
    reader.push('two')
    const drained = reader.whenDrained()
    reader.end(1001, 'bye')
    reader.end(1002, 'again')
    reader.finish(1003, 'again')
    reader.push('three')
    reader.read()
    await drained
    expect([reader.taken, reader.closed, ends, reader.pending()]).toEqual([['one'], { code: 1001, reason: 'bye' }, 1, 0])
  })

  test('whenDrained resolves once everything has left', async () => {
    const { reader } = make()
    let drained = 0
    const wait = () => reader.whenDrained().then(() => drained++)
    void wait()
    await turns()
    expect(drained).toBe(0)
    reader.start()
    await turns()
    expect(drained).toBe(1)
    reader.stuck = true
    reader.push('one')
    void wait()
    await turns()
    expect([drained, reader.isDrained()]).toEqual([1, false])
    reader.read()
    await turns()
    expect([drained, reader.isDrained()]).toEqual([2, true])
  })
})
