import { afterEach, expect, test } from 'bun:test'
import { createServer, type Server, type Socket } from 'node:net'
import postgres from 'postgres'
import { createWatch, type Watch, type WatchOptions } from '../../src/platform/db/postgres-watch.ts'
import { eventually } from '../support/eventually.ts'

const endings: (() => void)[] = []
afterEach(() => {
  for (const end of endings.splice(0)) end()
})
const watchOver = (probe: WatchOptions['probe'], doubtMs = 300): Watch => {
  const watch = createWatch({ probe, statementTimeoutMs: 30_000, doubtMs })
  endings.push(watch.stop)
  return watch
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
const isAway = async (watch: Watch) => {
  try {
    watch.begin()()
    return false
  } catch (error) {
    expect((error as { code: string }).code).toBe('CONNECTION_CLOSED')
    return true
  }
}
const never = () => new Promise<never>(() => {})
/** As the driver names what the server says. */
const serverError = (code: string) => Object.assign(new Error(code), { name: 'PostgresError', code })

test('architecture §8: a server that refuses is away soon, new work is refused, and its return is noticed without any', async () => {
  let there = false
  const asked: number[] = []
  const watch = watchOver(async () => {
    asked.push(1)
    if (!there) throw new Error('refused')
  }, 1000)
  // Nothing listens on the discard port; nothing was begun, so that no look is under way.
  const socket = watch.connect({ host: ['127.0.0.1'], port: [9] })
  socket.on('error', () => {})
  expect(
    await eventually(
      () => isAway(watch),
      (away) => away,
    ),
  ).toBe(true)
  expect(socket.destroyed).toBe(true)
  // Once is not enough.
  expect(asked.length).toBeGreaterThan(1)
  // A new query fails at once, although a server would accept it.
  const refused = watch.connect(await listening())
  expect(await new Promise((resolve) => refused.once('error', (error: any) => resolve(error.code)))).toBe('CONNECTION_CLOSED')
  there = true
  expect(
    await eventually(
      () => isAway(watch),
      (away) => !away,
    ),
  ).toBe(false)
})

test('O1: a server that has gone silent is noticed within seconds, and what waits is cut', async () => {
  const address = await listening()
  const watch = watchOver(async (connect) => {
    connect(address)
    await never()
  })
  const socket = watch.connect(address)
  const cut = new Promise((resolve) => socket.once('error', (error: any) => resolve(error.code)))
  const since = performance.now()
  watch.begin()
  expect(await cut).toBe('CONNECTION_CLOSED')
  expect(performance.now() - since).toBeLessThan(6000)
  expect(await isAway(watch)).toBe(true)
})

test('O1: a question without an answer is no evidence while bytes come over any connection, one byte a second', async () => {
  const slow = await listening((socket) => {
    const timer = setInterval(() => socket.write('.'), 1000)
    endings.push(() => clearInterval(timer))
  })
  const silent = await listening()
  const asked: number[] = []
  const watch = watchOver(async () => {
    asked.push(1)
    await never()
  })
  const speaking = watch.connect(slow)
  speaking.on('data', () => {})
  const waiting = watch.connect(silent)
  watch.begin()
  await Bun.sleep(5000)
  expect(asked.length).toBeGreaterThan(0)
  expect(await isAway(watch)).toBe(false)
  expect([speaking.destroyed, waiting.destroyed]).toEqual([false, false])
})

test('O1: the beginning of an answer to the question is a sign of life, and so is a refusal for too many connections', async () => {
  const greeting = await listening((socket) => void socket.write('R'))
  let asked = 0
  const watch = watchOver(async (connect) => {
    asked++
    if (asked % 2 === 0) throw serverError('53300')
    connect(greeting).on('data', () => {})
    await never()
  })
  watch.begin()
  await eventually(
    async () => asked,
    (count) => count > 3,
  )
  expect(await isAway(watch)).toBe(false)
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
  const watch = watchOver(async (connect) => {
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
  // Before, the driver connected anew without a pause, and failed when the watch had lost patience: after seconds on a calm machine.
  expect([failed, connects]).toEqual(['CONNECTION_CLOSED', 1])
  await eventually(
    () => isAway(watch),
    (away) => away,
  )
  // One attempt of the query, two of the watch, and one for each look since.
  expect(connects).toBeLessThan(10)
})

test('O1: a server that is starting is away', async () => {
  const watch = watchOver(async () => {
    throw serverError('57P03')
  })
  watch.begin()
  expect(
    await eventually(
      () => isAway(watch),
      (away) => away,
    ),
  ).toBe(true)
})

test('O1: what passes while this process does not run on time proves nothing', async () => {
  const address = await listening()
  const watch = watchOver(never)
  const socket = watch.connect(address)
  watch.begin()
  for (const end = performance.now() + 6000; performance.now() < end; ) {
    // A busy loop: every look comes late.
    for (const slice = performance.now() + 700; performance.now() < slice; );
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  expect(await isAway(watch)).toBe(false)
  expect(socket.destroyed).toBe(false)
})

test('O1: of a silent server only the connections that are silent are cut', async () => {
  let speaks = true
  const slow = await listening((socket) => {
    const timer = setInterval(() => speaks && socket.write('.'), 100)
    endings.push(() => clearInterval(timer))
  })
  const watch = watchOver(async () => {
    throw new Error('refused')
  }, 1500)
  const speaking = watch.connect(slow)
  speaking.on('data', () => {})
  speaking.on('error', () => {})
  const silent = watch.connect(await listening())
  silent.on('error', () => {})
  watch.begin()
  await Bun.sleep(1800)
  expect(await isAway(watch)).toBe(false)
  speaks = false
  await eventually(
    () => isAway(watch),
    (away) => away,
  )
  expect(silent.destroyed).toBe(true)
})
