// A client that costs little: N keep-alive connections over raw sockets, one request at a time on each.
// argv: port path span-ms connections header-line. Prints {requests, seconds}.
const [port, path, span, connections, header] = process.argv.slice(2)

export {} // a module, for its awaits

interface Connection {
  buffer: Buffer
  received: number
  /** Bytes of a whole answer, known once one has been read; answers that differ are parsed. */
  expected: number
}

const request = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${header}\r\nAccept: application/json\r\n\r\n`)
let requests = 0
let measuring = false
let over = false
let failure: string | undefined

/** Bytes of the answer at the start of `buffer`, or 0 while its head is not there. */
const lengthOf = (buffer: Buffer): number => {
  const end = buffer.indexOf('\r\n\r\n')
  if (end < 0) return 0
  const head = buffer.toString('latin1', 0, end)
  if (!head.startsWith('HTTP/1.1 200')) failure = head.slice(0, 200)
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)
  if (!length) failure = 'an answer without a length'
  return end + 4 + Number(length?.[1] ?? 0)
}
const ended = () => {
  if (measuring) requests++
}

const sockets = await Promise.all(
  Array.from({ length: Number(connections) }, () =>
    Bun.connect<Connection>({
      hostname: '127.0.0.1',
      port: Number(port),
      socket: {
        open(socket) {
          socket.data = { buffer: Buffer.alloc(0), received: 0, expected: 0 }
        },
        data(socket, chunk) {
          const connection = socket.data
          // The usual case: the whole answer in one piece, as long as the one before.
          if (connection.received === 0 && chunk.byteLength === connection.expected) {
            ended()
            if (!over) socket.write(request)
            return
          }
          connection.buffer = Buffer.concat([connection.buffer, chunk])
          connection.received = connection.buffer.byteLength
          const length = lengthOf(connection.buffer)
          if (length === 0 || connection.received < length) return
          connection.expected = length
          connection.buffer = Buffer.alloc(0)
          connection.received = 0
          ended()
          if (!over) socket.write(request)
        },
        error(_socket, error) {
          failure = error.message
        },
      },
    }),
  ),
)
for (const socket of sockets) socket.write(request)
await Bun.sleep(Math.min(200, Number(span) / 3))
measuring = true
const startedAt = performance.now()
await Bun.sleep(Number(span))
measuring = false
const seconds = (performance.now() - startedAt) / 1000
over = true
for (const socket of sockets) socket.end()
if (failure !== undefined || requests === 0) {
  process.stderr.write(`load: ${failure ?? 'no answers'}\n`)
  process.exit(1)
}
process.stdout.write(JSON.stringify({ requests, seconds }))
process.exit(0)
