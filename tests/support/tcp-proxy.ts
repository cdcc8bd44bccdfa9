import { createServer, connect as dial, type Socket } from 'node:net'

/**
 * `pass`: as if it were not there. `refuse`: nothing listens, connections are cut. `black-hole`: bytes arrive and go nowhere, both ways;
 * `mute`: what the client says arrives, no answer comes back. In both the bytes wait, as lost packets that are sent again later.
 * `dribble`: one byte a second.
 */
export type ProxyMode = 'pass' | 'refuse' | 'black-hole' | 'mute' | 'dribble'

/** A TCP proxy in front of a service, to take it away without stopping it. */
export const startProxy = async (target: { host: string; port: number }) => {
  let mode: ProxyMode = 'pass'
  let delayMs = 0
  let changed = Promise.withResolvers<void>()
  const sockets = new Set<Socket>()
  const holds = (way: 'there' | 'back') => mode === 'black-hole' || (mode === 'mute' && way === 'back')

  const carry = (from: Socket, to: Socket, way: 'there' | 'back') => {
    from.on('data', async (chunk: Buffer) => {
      from.pause()
      // A slow line is what `delay` is for, and one byte a second what `dribble` is.
      if (delayMs > 0) await Bun.sleep(delayMs)
      let rest = chunk
      while (rest.length > 0) {
        while (holds(way)) await changed.promise
        const part = mode === 'dribble' ? rest.subarray(0, 1) : rest
        if (to.writable) to.write(part)
        rest = rest.subarray(part.length)
        if (rest.length > 0) await Promise.race([Bun.sleep(1000), changed.promise])
      }
      from.resume()
    })
    from.on('close', async () => {
      sockets.delete(from)
      // The end of a connection is a packet too: it arrives when packets do again.
      while (holds(way)) await changed.promise
      to.destroy()
    })
    from.on('error', () => to.destroy())
    sockets.add(from)
  }
  const server = createServer((client) => {
    const upstream = dial(target)
    carry(client, upstream, 'there')
    carry(upstream, client, 'back')
  })
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  /** Cuts all connections with a reset; new ones are welcome. */
  const reset = () => {
    for (const socket of sockets) socket.resetAndDestroy()
    sockets.clear()
  }
  await listen(0)
  const { port } = server.address() as { port: number }
  return {
    port,
    connections: () => sockets.size / 2,
    reset,
    /** How long each piece takes, either way. */
    delay(ms: number) {
      delayMs = ms
    },
    async set(to: ProxyMode) {
      const before = mode
      mode = to
      changed.resolve()
      changed = Promise.withResolvers()
      if (to === 'refuse' && before !== 'refuse') {
        server.close()
        reset()
      } else if (before === 'refuse' && to !== 'refuse') await listen(port)
    },
    async close() {
      mode = 'refuse'
      changed.resolve()
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
export type TcpProxy = Awaited<ReturnType<typeof startProxy>>
