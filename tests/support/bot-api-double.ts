/** How the double answers a name: a set (by default), or trouble. */
export type Reply =
  | { kind: 'set'; more?: Record<string, unknown> }
  | { kind: 'missing' }
  | { kind: 'status'; status: number; body?: string; headers?: Record<string, string> }
  | { kind: 'silent' }

export interface BotApiDouble {
  /** Base URL, without a trailing slash. */
  url: string
  token: string
  /** Names asked for, in order. */
  calls: string[]
  /** Most calls that were open at once. */
  peak(): number
  open(): number
  /** How names without a reply of their own are answered. */
  always(reply: Reply): void
  /** Replies to the next calls of a name, in order; the last one stays. */
  reply(name: string, ...replies: Reply[]): void
  /** Real milliseconds before each answer. */
  slow(ms: number): void
  /** Answers nothing until `release`. */
  hold(): void
  release(): void
  /** Stops listening; `up` listens on the same port again. */
  down(): Promise<void>
  up(): void
}

export const TOKEN = '123456789:double-token-of-35-characters_abcdef'

/** A sticker set as the Bot API shows it, with an unknown key. */
export const setOf = (name: string, stickers = 3, more: Record<string, unknown> = {}) => ({
  name,
  title: `Title of ${name}`,
  sticker_type: 'regular',
  unheard_of: { deep: [1, null, 'ы'] },
  stickers: Array.from({ length: stickers }, (_, n) => ({ file_id: `${name}-${n}`, emoji: '😀', width: 512, height: 512 })),
  ...more,
})
export const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Reply => ({
  kind: 'status',
  status,
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json', ...headers },
})
export const tooMany = (retryAfter?: number, header?: string): Reply =>
  json(
    {
      ok: false,
      error_code: 429,
      description: 'Too Many Requests',
      ...(retryAfter === undefined ? {} : { parameters: { retry_after: retryAfter } }),
    },
    429,
    header === undefined ? {} : { 'retry-after': header },
  )

/** A Bot API over real HTTP that can be slow, failing, limiting, lying or gone. */
export const startBotApi = (): BotApiDouble => {
  const calls: string[] = []
  const replies = new Map<string, Reply[]>()
  let standing: Reply = { kind: 'set' }
  let delay = 0
  let open = 0
  let peak = 0
  let gate: ReturnType<typeof Promise.withResolvers<void>> | undefined

  const dress = (reply: Reply, name: string): Response => {
    if (reply.kind === 'status') return new Response(reply.body ?? '', { status: reply.status, headers: reply.headers })
    if (reply.kind === 'missing')
      return Response.json({ ok: false, error_code: 400, description: 'Bad Request: STICKERSET_INVALID' }, { status: 400 })
    return Response.json({ ok: true, result: setOf(name, 3, reply.kind === 'set' ? reply.more : {}) })
  }
  const answer = async (request: Request): Promise<Response> => {
    const url = new URL(request.url)
    if (url.pathname !== `/bot${TOKEN}/getStickerSet` || request.method !== 'GET')
      return Response.json({ ok: false, error_code: 404, description: 'Not Found' }, { status: 404 })
    const name = url.searchParams.get('name') ?? ''
    calls.push(name)
    peak = Math.max(peak, ++open)
    try {
      const own = replies.get(name)
      const reply = (own && own.length > 1 ? own.shift() : own?.[0]) ?? standing
      if (gate) await gate.promise
      // A Telegram that answers slowly is what `slow` is for.
      if (delay > 0) await Bun.sleep(delay)
      if (reply.kind === 'silent') await new Promise<void>((resolve) => request.signal.addEventListener('abort', () => resolve()))
      return dress(reply, name)
    } finally {
      open--
    }
  }
  const listen = (port: number) => Bun.serve({ port, hostname: '127.0.0.1', fetch: answer, idleTimeout: 60 })
  let server = listen(0)
  const port = Number(server.port)
  return {
    url: `http://127.0.0.1:${port}`,
    token: TOKEN,
    calls,
    peak: () => peak,
    open: () => open,
    always(reply) {
      standing = reply
    },
    reply(name, ...given) {
      replies.set(name, given)
    },
    slow(ms) {
      delay = ms
    },
    hold() {
      gate ??= Promise.withResolvers<void>()
    },
    release() {
      gate?.resolve()
      gate = undefined
    },
    down: () => server.stop(true),
    up() {
      server = listen(port)
    },
  }
}
