// Sockets that only stay open, until stdin ends. argv: port token sockets first-number.
const [port, token, count, first] = process.argv.slice(2)

export {} // a module, for its awaits

const key = Buffer.from('crawler-listener').toString('base64')
let open = 0
const connect = (n: number) =>
  new Promise<void>((resolve, reject) => {
    void Bun.connect({
      hostname: '127.0.0.1',
      port: Number(port),
      socket: {
        open(socket) {
          socket.write(
            `GET /api/internal2/connect?subscribe=none&connectionId=idle-${n} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer ${token}\r\n\r\n`,
          )
        },
        data(_socket, chunk) {
          if (chunk.toString('latin1').startsWith('HTTP/1.1') && !chunk.toString('latin1').startsWith('HTTP/1.1 101'))
            reject(new Error(chunk.toString('latin1', 0, 300)))
          open++
          resolve()
        },
      },
    })
  })
for (let from = 0; from < Number(count); from += 100)
  await Promise.all(Array.from({ length: Math.min(100, Number(count) - from) }, (_, n) => connect(Number(first) + from + n)))
process.stdout.write(`${JSON.stringify({ open })}\n`)
for await (const _ of Bun.stdin.stream()) break
process.exit(0)
