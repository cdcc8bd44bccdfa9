import { describe, expect, test } from 'bun:test'
import { createOutlet } from '../../src/crawler/streams/outlet.ts'
import { onEachDatabase } from '../support/databases.ts'
import { AUTH, BASE, makeRig, path, settled } from './rig.ts'
import { openSocket } from './stream-rig.ts'

const MIB = 1024 * 1024

describe('crawler backpressure (gitlab-crawler §13)', () => {
  const slowSink = () => {
    const taken: string[] = []
    let ended: number | undefined
    let stuck = false
    return {
      taken,
      ended: () => ended,
      stick(on: boolean) {
        stuck = on
      },
      sink: {
        write(text: string) {
          taken.push(text)
          return !stuck
        },
        buffered: () => 0,
        end(code: number) {
          ended = code
        },
      },
    }
  }

  test('over 1 MiB pending progress coalesces to the newest per task, nothing else is dropped, order stays', () => {
    const slow = slowSink()
    const outlet = createOutlet(slow.sink, () => 0)
    slow.stick(true)
    outlet.push('first', 1)
    const filler = 'x'.repeat(1000)
    let seq = 1
    for (let n = 0; n < 3000; n++) outlet.push(`p ${n % 3} ${n} ${filler}`, ++seq, `task-${n % 3}`)
    outlet.push('status', ++seq)
    outlet.push(`p 0 last ${filler}`, ++seq, 'task-0')
    expect(outlet.pending()).toBeLessThan(MIB + 2000)
    expect(outlet.sentSeq()).toBe(1)
    slow.stick(false)
    outlet.drained()
    const tail = slow.taken.slice(-4).map((text) => text.split(' x')[0])
    expect(tail).toEqual(['p 1 2998', 'p 2 2999', 'status', 'p 0 last'])
    expect(outlet.sentSeq()).toBe(seq)
    expect(outlet.pending()).toBe(0)
    expect(slow.ended()).toBeUndefined()
    outlet.push('again', ++seq)
    expect(slow.taken.at(-1)).toBe('again')
  })

  test('over 8 MiB, or 60 s without drain, it is closed with 1013', () => {
    const slow = slowSink()
    let now = 0
    const outlet = createOutlet(slow.sink, () => now)
    slow.stick(true)
    outlet.push('first', 1)
    for (let n = 0; n < 9; n++) outlet.push('y'.repeat(MIB - 100), n)
    expect(slow.ended()).toBe(1013)
    const other = slowSink()
    const idle = createOutlet(other.sink, () => now)
    other.stick(true)
    now = 1000
    idle.push('first', 1)
    now = 60_999
    idle.check()
    expect(other.ended()).toBeUndefined()
    now = 61_000
    idle.check()
    expect(other.ended()).toBe(1013)
  })
})

onEachDatabase('crawler slow readers (gitlab-crawler §13)', (database) => {
  test('23: a socket that stops reading neither grows memory beyond the limits nor delays others', async () => {
    const app = await makeRig(database)
    const origin = app.listen()
    try {
      await app.create('t')
      const url = new URL(origin)
      const stuck = await Bun.connect({
        hostname: url.hostname,
        port: Number(url.port),
        socket: {
          open(socket) {
            socket.write(
              `GET ${BASE}/connect HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nAuthorization: ${AUTH.authorization}\r\n\r\n`,
            )
          },
          data(socket) {
            socket.pause()
          },
        },
      })
      const quick = await openSocket(origin, path('t', '/websocket'))
      await settled(() => app.crawler.streams.count() === 2)
      // 64 KiB of resume state in every progress frame: some 13 MB in all.
      const resumeState = 'z'.repeat(64_000)
      for (let n = 1; n <= 200; n++) await app.report('t', { type: 'progress', processed: n, resumeState })
      let last = 0
      await settled(() => {
        last = quick.frames.filter((frame) => frame.type === 'progress').at(-1)?.data.progress.processed ?? 0
        return last === 200
      }, 10_000)
      expect(last).toBe(200)
      expect(quick.frames.filter((frame) => frame.type === 'progress')).toHaveLength(200)
      const pending = app.crawler.streams.pending()
      expect(pending).toBeGreaterThan(0)
      expect(pending).toBeLessThan(2 * MIB)
      stuck.end()
    } finally {
      await app.stop()
    }
  }, 180_000)
})
