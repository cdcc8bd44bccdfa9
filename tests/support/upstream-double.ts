export interface DoubleRequest {
  method: string
  path: string
  query: Record<string, string>
  headers: Record<string, string>
  /** Parsed JSON, undefined without a body. */
  body: any
}
/** What a double answers: JSON, a whole response, or `hang` for nothing until `release`. */
export type DoubleAnswer = Response | 'hang' | { json: unknown; status?: number }

/** A service of others over real HTTP that can be slow, wrong or down. Stop it at the end of a test. */
export const upstreamDouble = (answer: (request: DoubleRequest) => DoubleAnswer | Promise<DoubleAnswer>) => {
  let reply = answer
  const requests: DoubleRequest[] = []
  let released = Promise.withResolvers<void>()
  const serve = (port = 0) =>
    Bun.serve({
      port,
      hostname: '127.0.0.1',
      idleTimeout: 0,
      async fetch(request) {
        const url = new URL(request.url)
        const text = await request.text()
        const seen: DoubleRequest = {
          method: request.method,
          path: url.pathname,
          query: Object.fromEntries(url.searchParams),
          headers: Object.fromEntries(request.headers),
          body: text === '' ? undefined : JSON.parse(text),
        }
        requests.push(seen)
        const given = await reply(seen)
        if (given === 'hang') {
          await released.promise
          return new Response('late')
        }
        return given instanceof Response ? given : Response.json(given.json, { status: given.status ?? 200 })
      },
    })
  let server = serve()
  const port = server.port
  const origin = `http://127.0.0.1:${port}`
  return {
    origin,
    requests,
    /** Answers differently from now on. */
    answer(next: typeof answer) {
      reply = next
    },
    /** Lets hanging requests go. */
    release() {
      released.resolve()
      released = Promise.withResolvers()
    },
    /** Stops listening; `up` listens again at the same address. */
    async down() {
      released.resolve()
      await server.stop(true)
    },
    up() {
      server = serve(port)
    },
    async stop() {
      released.resolve()
      await server.stop(true)
    },
  }
}
export type UpstreamDouble = ReturnType<typeof upstreamDouble>

/** A peer that speaks no HTTP: each connection gets the next text, then its end. The last one repeats. */
export const brokenPeer = (texts: string[]) => {
  let connections = 0
  const server = Bun.listen({
    port: 0,
    hostname: '127.0.0.1',
    socket: {
      data(socket) {
        const text = texts[Math.min(connections++, texts.length - 1)] as string
        if (text === '') return socket.terminate()
        socket.write(text)
        socket.end()
      },
    },
  })
  return {
    origin: `http://127.0.0.1:${server.port}`,
    connections: () => connections,
    stop: async () => server.stop(true),
  }
}
