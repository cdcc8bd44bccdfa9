// The floor of fan-out: a bare Bun.serve that hands each message posted to it to all sockets by native publish.
let serial = 0
const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request, self) {
    if (request.headers.get('upgrade') === 'websocket') {
      if (self.upgrade(request)) return undefined as never
      return new Response('', { status: 400 })
    }
    const body: any = JSON.parse(await request.text())
    if (request.url.endsWith('/tasks')) return Response.json({}, { status: 201 })
    const timestamp = new Date().toISOString()
    self.publish(
      'all',
      JSON.stringify({
        type: 'message',
        data: { ...body, taskId: 'fan', timestamp, serverGenerated: true },
        timestamp,
        id: `n-${++serial}`,
        seq: serial,
      }),
    )
    return Response.json({ status: 'message_sent' })
  },
  websocket: {
    open(ws) {
      ws.subscribe('all')
      ws.send(JSON.stringify({ type: 'connection_ready' }))
    },
    message() {},
  },
})
process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${server.port}` })}\n`)
process.on('SIGTERM', () => process.exit(0))
