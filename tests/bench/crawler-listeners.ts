// Sockets of one task, and a publisher that posts messages to them one after the other. argv: port token sockets messages.
const [port, token, count, messages] = process.argv.slice(2)

export {} // a module, for its awaits

const base = `http://127.0.0.1:${port}/api/internal2`
const headers = { authorization: `Bearer ${token}` }
await fetch(`${base}/tasks`, {
  method: 'POST',
  headers,
  body: JSON.stringify({ type: 'task', data: { id: 'fan', type: 'FETCH_ISSUES', credentials: { accessToken: 'x' } } }),
})
let ready = 0
let received = 0
// Raw sockets: a thousand WebSocket clients of Bun would be slower than either server.
const key = Buffer.from('crawler-listener').toString('base64')
const path = `/api/internal2/tasks/fan/websocket?connectionId=listener-`
const run = crypto.randomUUID().slice(0, 8)
const frames = (buffer: Buffer): { seen: number; rest: Buffer } => {
  let at = 0
  let seen = 0
  for (;;) {
    if (buffer.length - at < 2) break
    let length = (buffer[at + 1] as number) & 127
    let head = 2
    if (length === 126) {
      if (buffer.length - at < 4) break
      length = buffer.readUInt16BE(at + 2)
      head = 4
    } else if (length === 127) {
      if (buffer.length - at < 10) break
      length = Number(buffer.readBigUInt64BE(at + 2))
      head = 10
    }
    if (buffer.length - at < head + length) break
    if (((buffer[at] as number) & 15) === 1) seen++
    at += head + length
  }
  return { seen, rest: buffer.subarray(at) }
}
const sockets = await Promise.all(
  Array.from({ length: Number(count) }, (_, n) =>
    Bun.connect<{ rest: Buffer; open: boolean; first: boolean }>({
      hostname: '127.0.0.1',
      port: Number(port),
      socket: {
        open(socket) {
          socket.data = { rest: Buffer.alloc(0), open: false, first: true }
          socket.write(
            `GET ${path}${run}-${n} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer ${token}\r\n\r\n`,
          )
        },
        data(socket, chunk) {
          const state = socket.data
          let buffer = state.rest.length > 0 ? Buffer.concat([state.rest, chunk]) : Buffer.from(chunk)
          if (!state.open) {
            const end = buffer.indexOf('\r\n\r\n')
            if (end < 0) {
              state.rest = buffer
              return
            }
            if (!buffer.toString('latin1', 0, 20).includes('101')) throw new Error(buffer.toString('latin1', 0, 400))
            state.open = true
            buffer = buffer.subarray(end + 4)
          }
          const { seen, rest } = frames(buffer)
          state.rest = Buffer.from(rest)
          let news = seen
          if (state.first && news > 0) {
            state.first = false
            ready++
            news--
          }
          received += news
        },
      },
    }),
  ),
)
while (ready < sockets.length) await Bun.sleep(5)
const startedAt = performance.now()
for (let n = 0; n < Number(messages); n++) {
  const response = await fetch(`${base}/tasks/fan/websocket`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ n, text: 'x'.repeat(100) }),
  })
  if (response.status !== 200) throw new Error(await response.text())
  await response.arrayBuffer()
}
const wanted = sockets.length * Number(messages)
const deadline = Date.now() + 20_000
while (received < wanted && Date.now() < deadline) await Bun.sleep(1)
if (received !== wanted) throw new Error(`${received} of ${wanted} messages came`)
process.stdout.write(JSON.stringify({ rate: wanted / ((performance.now() - startedAt) / 1000) }))
process.exit(0)
