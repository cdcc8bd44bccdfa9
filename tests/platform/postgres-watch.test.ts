import { afterEach, expect, test } from 'bun:test'
import { createServer, type Server, type Socket } from 'node:net'
import postgres from 'postgres'
import { createWatch, type Watch, type WatchOptions } from '../../src/platform/db/postgres-watch.ts'
import { eventually, turns } from '../support/eventually.ts'

const LOOK_MS = 250
const endings: (() => void)[] = []
afterEach(() => {
  for (const end of endings.splice(0)) end()
})

/** A watch whose time passes in `pass` alone, over real sockets. */
const watchOver = (probe: WatchOptions['probe'], doubtMs = 300) => {
  let now = 0
  const looks = new Set<() => void>()
  const watch = createWatch({
    probe,
    statementTimeoutMs: 30_000,
    doubtMs,
    now: () => now,
    every(look) {
      looks.add(look)
      return () => looks.delete(look)
    },
  })
  endings.push(watch.stop)
  /** Time passes with a look every `stepMs`; what the looks began gets its turns. */
  const pass = async (ms: number, stepMs = LOOK_MS) => {
    for (const end = now + ms; now < end; ) {
      now += stepMs
      for (const look of looks) look()
      await turns(20)
    }
  }
  /** Whether new work is refused. */
  const isAway = () => {
    try {
      watch.begin()()
      return false
    } catch (error) {
      expect((error as { code: string }).code).toBe('CONNECTION_CLOSED')
      return true
    }
  }
  /** Lets time pass until new work is refused, or taken again; answers how long that took. */
  const becomes = async (state: 'away' | 'there') => {
    const since = now
    await eventually(async () => {
      await pass(LOOK_MS)
      return isAway() === (state === 'away')
    })
    return now - since
  }
  return { watch, pass, isAway, becomes }
}
/** A server that takes connections; `serve` says what it sends. */
const listening = async (serve: (socket: Socket) => void = () => {}) => {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {})
    endings.push(() => socket.destroy())
    serve(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endings.push(() => server.close())
  return { host: ['127.0.0.1'], port: [(server.address() as { port: number }).port] }
}
const connected = async (watch: Watch, address: Parameters<Watch['connect']>[0]) => {
  const socket = watch.connect(address)
  socket.on('data', () => {})
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  return socket
}
const never = () => new Promise<never>(() => {})
/** As the driver names what the server says. */
const serverError = (code: string) => Object.assign(new Error(code), { name: 'PostgresError', code })

test('architecture §8: a server that refuses is away soon, new work is refused, and its return is noticed without any', async () => {
  let there = false
  let asked = 0
  const { watch, becomes } = watchOver(async () => {
    asked++
    if (!there) throw new Error('refused')
  }, 1000)
  // Nothing listens on the discard port; nothing was begun, so that no look is under way.
  const socket = watch.connect({ host: ['127.0.0.1'], port: [9] })
  await eventually(() => socket.destroyed)
  expect(await becomes('away')).toBeLessThan(1000)
  // Once is not enough.
  expect(asked).toBeGreaterThan(1)
  // A new query fails at once, although a server would accept it.
  const refused = watch.connect(await listening())
  expect(await new Promise((resolve) => refused.once('error', (error: any) => resolve(error.code)))).toBe('CONNECTION_CLOSED')
  there = true
  expect(await becomes('there')).toBeLessThan(1000)
  expect(await connected(watch, await listening())).toMatchObject({ destroyed: false })
})

test('O1: a server that has gone silent is noticed within four seconds, and what waits is cut', async () => {
  const address = await listening()
  const { watch, becomes } = watchOver(async (connect) => {
    connect(address)
    await never()
  })
  const socket = await connected(watch, address)
  const cut = new Promise((resolve) => socket.once('error', (error: any) => resolve(error.code)))
  watch.begin()
  expect(await becomes('away')).toBeLessThan(4000)
  expect(await cut).toBe('CONNECTION_CLOSED')
})

test('O1: a question without an answer is no evidence while bytes come over any connection, one byte a second', async () => {
  const dribbling: Socket[] = []
  const slow = await listening((socket) => void dribbling.push(socket))
  let asked = 0
  const { watch, pass, isAway } = watchOver(async () => {
    asked++
    await never()
  })
  const speaking = await connected(watch, slow)
  const waiting = await connected(watch, await listening())
  watch.begin()
  for (let second = 1; second <= 5; second++) {
    await pass(1000)
    for (const socket of dribbling) socket.write('.')
    await eventually(() => speaking.bytesRead === second)
  }
  expect(asked).toBeGreaterThan(0)
  expect(isAway()).toBe(false)
  expect([speaking.destroyed, waiting.destroyed]).toEqual([false, false])
})

test('O1: the beginning of an answer to the question is a sign of life, and so is a refusal for too many connections', async () => {
  const greeting = await listening((socket) => void socket.write('R'))
  let asked = 0
  const { watch, pass, isAway } = watchOver(async (connect) => {
    asked++
    if (asked % 2 === 0) throw serverError('53300')
    const socket = connect(greeting)
    socket.on('data', () => {})
    await eventually(() => socket.bytesRead > 0)
    await never()
  })
  watch.begin()
  await eventually(async () => {
    await pass(LOOK_MS)
    return asked > 3
  })
  expect(isAway()).toBe(false)
})

test('O1: a proxy that ends each connection, because the server behind it is gone, fails a query at once and is away soon', async () => {
  let connects = 0
  const { host, port } = await listening((socket) => {
    connects++
    socket.end()
  })
  const driver = (socket: Watch['connect']) => {
    const client = postgres({ host: host[0]!, port: port[0]!, max: 1, fetch_types: false, ...({ socket } as object) })
    endings.push(() => void client.end({ timeout: 0 }))
    return client
  }
  const { watch, becomes } = watchOver(async (connect) => {
    await driver(connect).unsafe('select 1')
  }, 1000)
  const ended = watch.begin()
  const failed = await driver(watch.connect)
    .unsafe('select 1')
    .then(
      () => 'answered',
      ({ code }) => code,
    )
  ended()
  // The driver alone would connect anew without a pause, for as long as it is let.
  expect([failed, connects]).toEqual(['CONNECTION_CLOSED', 1])
  await becomes('away')
})

test('O1: a server that is starting is away', async () => {
  const { watch, becomes } = watchOver(async () => {
    throw serverError('57P03')
  })
  watch.begin()
  expect(await becomes('away')).toBeLessThan(2000)
})

test('O1: what passes while this process does not run on time proves nothing', async () => {
  const address = await listening()
  const { watch, pass, isAway, becomes } = watchOver(never)
  const socket = await connected(watch, address)
  watch.begin()
  // Every look comes late.
  await pass(60_000, 700)
  expect(isAway()).toBe(false)
  expect(socket.destroyed).toBe(false)
  // On time, the same silence is evidence.
  expect(await becomes('away')).toBeLessThan(5000)
})

test('O1: of a silent server only the connections that are silent are cut', async () => {
  const dribbling: Socket[] = []
  const slow = await listening((socket) => void dribbling.push(socket))
  const { watch, pass, isAway, becomes } = watchOver(async () => {
    throw new Error('refused')
  }, 1500)
  const speaking = await connected(watch, slow)
  const silent = await connected(watch, await listening())
  watch.begin()
  for (let byte = 1; byte <= 8; byte++) {
    await pass(LOOK_MS)
    for (const socket of dribbling) socket.write('.')
    await eventually(() => speaking.bytesRead === byte)
  }
  expect(isAway()).toBe(false)
  // A refused connection makes the watch ask before everything has been silent for long.
  watch.connect({ host: ['127.0.0.1'], port: [9] })
  expect(await becomes('away')).toBeLessThan(1500)
  expect([silent.destroyed, speaking.destroyed]).toEqual([true, false])
})

test('architecture §8: what the driver has lost fails soon after the server is found away, what waits for one that is there does not', async () => {
  let there = true
  const { watch, pass, becomes } = watchOver(async () => {
    if (!there) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
  })
  const failed: string[] = []
  const ended = watch.begin((error) => failed.push((error as Error & { code: string }).code))
  await pass(20_000)
  expect(failed).toEqual([])
  there = false
  await becomes('away')
  expect(failed).toEqual([])
  await pass(2500)
  expect(failed).toEqual(['CONNECTION_CLOSED'])
  there = true
  await becomes('there')
  const next = watch.begin((error) => failed.push(error.message))
  await pass(5000)
  expect(failed).toEqual(['CONNECTION_CLOSED'])
  next(true)
  ended()
})
