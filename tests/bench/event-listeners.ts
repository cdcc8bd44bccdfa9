// Listeners of live events: raw sockets, because a thousand streams of `fetch` would be slower than the server. argv: port token listeners spanMs.
// Prints how long events took from the moment they were written down to each listener.
export {} // a module, for its awaits

const [port, token, count, spanMs] = process.argv.slice(2)
const delays: number[] = []
let ready = 0
let isCounting = false

const onText = (state: { rest: string; open: boolean }, text: string) => {
  const now = Date.now()
  state.rest += text
  const end = state.rest.lastIndexOf('\n\n')
  if (end < 0) return
  const whole = state.rest.slice(0, end)
  state.rest = state.rest.slice(end + 2)
  if (!state.open && whole.includes('event: snapshot')) {
    state.open = true
    ready++
  }
  if (!isCounting) return
  for (const [, at] of whole.matchAll(/"type":"run\.[a-z]+","at":"([^"]+)"/g)) delays.push(now - Date.parse(at as string))
}
await Promise.all(
  Array.from({ length: Number(count) }, () =>
    Bun.connect<{ rest: string; open: boolean }>({
      hostname: '127.0.0.1',
      port: Number(port),
      socket: {
        open(socket) {
          socket.data = { rest: '', open: false }
          socket.write(`GET /internal/events?topics=runs HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Internal-Token: ${token}\r\n\r\n`)
        },
        data: (socket, chunk) => onText(socket.data, chunk.toString('latin1')),
      },
    }),
  ),
)
while (ready < Number(count)) await Bun.sleep(5)
console.log(JSON.stringify({ ready }))
isCounting = true
await Bun.sleep(Number(spanMs))
delays.sort((a, b) => a - b)
const at = (share: number) => delays[Math.min(delays.length - 1, Math.floor(delays.length * share))] ?? -1
console.log(JSON.stringify({ received: delays.length, p50: at(0.5), p99: at(0.99) }))
process.exit(0)
