// Keep-alive connections over raw sockets, one request at a time on each; the requests are made before the clock runs.
// argv: port what span-ms connections token prefix. Prints {requests, seconds}.
const [port, what, span, connections, token, prefix] = process.argv.slice(2)

export {} // a module, for its awaits

let made = 0
const requestOf = (): string => {
  const n = made++
  const head = (method: string, path: string) =>
    `${method} /api/internal2${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\n`
  if (what === 'list') return `${head('GET', '/tasks?status=queued&limit=10')}\r\n`
  if (what === 'health') return `${head('GET', '/health')}\r\n`
  const body =
    what === 'progress'
      ? JSON.stringify({
          type: 'progress',
          processed: n,
          total: 1_000_000,
          currentDataType: 'issues',
          itemsByType: { issues: 1 },
          metadata: { page: n },
        })
      : JSON.stringify({
          type: 'task',
          data: {
            id: `${prefix}-${n}`,
            type: 'FETCH_ISSUES',
            credentials: { accessToken: 'bench-access-token' },
            apiEndpoint: 'https://gitlab.example/api/v4',
            options: { resourceId: `group/project-${n}`, resourceType: 'project' },
          },
        })
  const path = what === 'progress' ? `/tasks/seed-${n % 256}/progress` : '/tasks'
  return `${head('POST', path)}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}
let requests = 0
let measuring = false
let over = false
let failure: string | undefined
const times: number[] = []

const sockets = await Promise.all(
  Array.from({ length: Number(connections) }, () =>
    Bun.connect<{ text: string; at: number }>({
      hostname: '127.0.0.1',
      port: Number(port),
      socket: {
        open(socket) {
          socket.data = { text: '', at: 0 }
        },
        data(socket, chunk) {
          const state = socket.data
          state.text += chunk.toString('latin1')
          const end = state.text.indexOf('\r\n\r\n')
          if (end < 0) return
          const length = Number(/\r\ncontent-length: *(\d+)/i.exec(state.text)?.[1] ?? 0)
          if (state.text.length < end + 4 + length) return
          if (!/^HTTP\/1.1 20[01]/.test(state.text)) failure = state.text.slice(0, 600)
          state.text = ''
          if (measuring) {
            requests++
            times.push(performance.now() - state.at)
          }
          if (over) return
          state.at = performance.now()
          socket.write(requestOf())
        },
        error(_socket, error) {
          failure = error.message
        },
      },
    }),
  ),
)
for (const socket of sockets) {
  socket.data.at = performance.now()
  socket.write(requestOf())
}
await Bun.sleep(Math.min(300, Number(span) / 3))
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
times.sort((a, b) => a - b)
process.stdout.write(JSON.stringify({ requests, seconds, p99: times[Math.floor(times.length * 0.99)] }))
process.exit(0)
