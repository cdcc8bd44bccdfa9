import { expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { eventually, happensWithin } from '../support/eventually.ts'
import { makeRig, path } from './rig.ts'
import { leftWith, openSocket } from './stream-rig.ts'

const DROPS = 50

onEachDatabase('crawler resume (gitlab-crawler §13)', (database) => {
  // One row that all write to is what Postgres does slowest; the order of events is the same with fewer.
  const EVENTS = database.dialect === 'sqlite' ? 5000 : 500
  test(`a client that drops its socket ${DROPS} times during ${EVENTS} events receives each event once in order`, async () => {
    const app = await makeRig(database, { env: { CRAWLER_RESUME_MESSAGES: '10000' } })
    const origin = app.listen()
    try {
      await app.create('t')
      await app.report('t', { type: 'started' })
      const seen: number[] = []
      let lastSeq = 0
      const connect = async () => {
        const socket = await openSocket(
          origin,
          `${path('t', '/websocket')}?connectionId=dropper${lastSeq ? `&lastSeq=${lastSeq}` : ''}`,
        )
        expect(socket.first.lost).toBe(0)
        return socket
      }
      let socket = await connect()
      const take = () => {
        for (const frame of socket.frames.splice(0))
          if (frame.type === 'progress') {
            seen.push(frame.data.progress.processed)
            lastSeq = frame.seq as number
          }
      }
      let sent = 0
      const perDrop = EVENTS / DROPS
      for (let drop = 0; drop < DROPS; drop++) {
        const burst = Promise.all(
          Array.from({ length: perDrop }, (_, n) => app.report('t', { type: 'progress', processed: sent + n + 1 })),
        )
        sent += perDrop
        // Somewhere in the middle of the burst, the socket goes without a word.
        await happensWithin(200, () => socket.frames.length > (drop * 7) % perDrop)
        take()
        ;(socket.socket as unknown as { terminate(): void }).terminate()
        await burst
        await leftWith(app, 0)
        socket = await connect()
      }
      await eventually(() => {
        take()
        return seen.at(-1) === EVENTS
      })
      expect(seen).toEqual([...seen].sort((a, b) => a - b))
      expect(new Set(seen).size).toBe(seen.length)
      // Counters only grow, so of updates that were taken in another order the lower ones change nothing and are no event.
      if (database.dialect === 'sqlite') expect(seen).toHaveLength(EVENTS)
      expect(seen.at(-1)).toBe(EVENTS)
    } finally {
      await app.stop()
    }
  }, 300_000)
})
