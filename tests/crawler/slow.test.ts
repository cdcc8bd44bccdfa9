import { expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { AUTH, BASE, makeRig, path } from './rig.ts'
import { openSocket } from './stream-rig.ts'

const MIB = 1024 * 1024

onEachDatabase('crawler slow readers (gitlab-crawler §13)', (database) => {
  test('§17.23: a socket that stops reading neither grows memory beyond the limits nor delays others', async () => {
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
      await eventually(() => app.crawler.streams.count() === 2)
      // 64 KiB of resume state in every progress frame: some 13 MB in all.
      const resumeState = 'z'.repeat(64_000)
      for (let n = 1; n <= 200; n++) await app.report('t', { type: 'progress', processed: n, resumeState })
      await eventually(
        () => quick.frames.filter((frame) => frame.type === 'progress').at(-1)?.data.progress.processed,
        (last) => last === 200,
      )
      expect(quick.frames.filter((frame) => frame.type === 'progress')).toHaveLength(200)
      const pending = app.crawler.streams.pending()
      expect(pending).toBeGreaterThan(0)
      expect(pending).toBeLessThan(2 * MIB)
      stuck.end()
    } finally {
      await app.stop()
    }
  }, 300_000)
})
