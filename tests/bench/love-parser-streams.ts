// Opens progress streams over raw sockets and waits for the terminal event of each.
// argv: port token searches(comma list) streams. Prints "open" once all have their first snapshot, then, at the end,
// {delivered, delays: {p50, p99, max}} in milliseconds from the snapshot's own time to its receipt.
const [port, token, searches = '', count] = process.argv.slice(2)

export {} // a module, for its awaits

const ids = searches.split(',')
const total = Number(count)
const delays: number[] = []
let opened = 0
const { promise: allOpen, resolve: openedAll } = Promise.withResolvers<void>()
const { promise: allDone, resolve: done } = Promise.withResolvers<void>()

for (let n = 0; n < total; n++) {
  const id = ids[n % ids.length]
  let begun = false
  let over = false
  await Bun.connect({
    hostname: '127.0.0.1',
    port: Number(port),
    socket: {
      open(socket) {
        socket.write(
          `GET /api/v1/parsing/${id}/progress HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\nAccept: text/event-stream\r\n\r\n`,
        )
      },
      data(socket, chunk) {
        const text = chunk.toString('latin1')
        if (!begun && text.includes('data: ')) {
          begun = true
          if (++opened === total) openedAll()
        }
        const at = over ? undefined : /"status":"failed".*?"updated_at":"([^"]+)"/.exec(text)?.[1]
        if (at === undefined) return
        over = true
        delays.push(Date.now() - Date.parse(at))
        if (delays.length === total) done()
        socket.end()
      },
    },
  })
}
await allOpen
process.stdout.write('open\n')
await Promise.race([allDone, Bun.sleep(30_000)])
delays.sort((a, b) => a - b)
const at = (share: number) => delays[Math.min(delays.length - 1, Math.floor(delays.length * share))] ?? Number.NaN
process.stdout.write(`${JSON.stringify({ delivered: delays.length, p50: at(0.5), p99: at(0.99), max: at(1) })}\n`)
process.exit(0)
