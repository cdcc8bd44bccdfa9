import type { TestDatabase } from '../../support/databases.ts'
import type { Operation } from './document.ts'
import { type Answered, judge } from './judge.ts'
import { openKitchen } from './kitchen.ts'
import type { Lease } from './pool.ts'
import type { Random } from './random.ts'
import type { Kitchen } from './recipes.ts'
import type { Made } from './requests.ts'
import { send } from './send.ts'
import { askSocket } from './socket.ts'
import { ADMIN_CHAT } from './world.ts'

/** Requests between two turns of what happens by itself. */
const WORK_EVERY = 400
const MAX_TOLD = 12
const LAST_ROUNDS = 30
/** What makes sense after a success. */
const FOLLOWED_BY: Record<string, readonly string[]> = {
  'POST /internal/workers/lease': [
    ...['heartbeat', 'complete', 'fail', 'release', 'heartbeat'].map((verb) => `POST /internal/workers/tasks/{id}/${verb}`),
    'POST /internal/workers/tasks/complete',
    'POST /internal/ingest-batch',
  ],
  'POST /api/internal2/tasks/lease': [
    'POST /api/internal2/tasks/{id}/credentials/refresh',
    'POST /api/internal2/tasks/{id}/progress',
    'PUT /api/internal2/tasks/{id}',
  ],
  'POST /internal/telegram/invites': ['POST /internal/telegram/invites/claim'],
  'POST /api/v1/telegram/auth/send-code': ['POST /api/v1/telegram/auth/verify-code'],
  'POST /api/v1/parsing/search': ['POST /api/v1/parsing/{search_id}/cancel'],
  'POST /api/v1/subscriptions/purchase': [
    'POST /api/v1/subscriptions/webhook/robokassa',
    'GET /api/v1/subscriptions/webhook/robokassa',
  ],
}
/** Asked every fifth time only: a hash of a password, or the text of all metrics, costs as much as a hundred other requests. */
const SLOW = new Set(['POST /internal/telegram/invites', 'POST /internal/telegram/invites/claim', 'GET /metrics'])

/** Remembers what an answer has given out, leases above all. */
const learn = (kitchen: Kitchen, operation: Operation, made: Made, answer: Answered) => {
  const { pool, leases } = kitchen
  let body: any
  try {
    body = JSON.parse(answer.text)
  } catch {
    return
  }
  pool.learn(operation.path, body)
  const keep = (list: Lease[], lease: Lease) => {
    list.push(lease)
    if (list.length > 12) list.shift()
  }
  const sent = () => JSON.parse(made.body as string)
  if (operation.key === 'POST /internal/workers/lease')
    for (const { id, fence } of body.tasks) keep(leases.gifty, { id, fence, worker: sent().worker_id })
  if (operation.key === 'POST /api/internal2/tasks/lease')
    for (const one of body.data)
      keep(leases.crawler, {
        id: one.id,
        fence: one.lease?.fence ?? one.fence,
        worker: sent().workerId,
        credentialsVersion: one.credentials?.version,
      })
  if (operation.path.startsWith('/api/internal2'))
    for (const one of [body.data].flat()) if (one?.id) pool.put('tasks.crawler', one.id)
}

/** All operations in a random order, again and again. */
const deck = (random: Random, operations: Operation[]) => {
  let left: Operation[] = []
  let round = 0
  const byKey = new Map(operations.map((operation) => [operation.key, operation]))
  const next = (): Operation => {
    if (left.length === 0) {
      const now = operations.filter(({ key }) => !SLOW.has(key) || round % 5 === 0)
      round++
      left = now
        .map((one) => [random.next(), one] as const)
        .sort(([a], [b]) => a - b)
        .map(([, one]) => one)
    }
    return left.pop() as Operation
  }
  return {
    next,
    /** Puts what makes sense after a success next: a lease, say, is soon over. */
    follow(key: string) {
      for (const after of FOLLOWED_BY[key] ?? []) if (random.chance(0.4)) left.push(byKey.get(after) as Operation)
    },
  }
}

const curl = (operation: Operation, { path, headers, body }: Made) =>
  [
    `curl -X ${operation.method} '${path}'`,
    ...Object.entries(headers).map(([name, value]) => `-H '${name}: ${/token|authorization/.test(name) ? '...' : value}'`),
    ...(body === undefined ? [] : [`-d '${body.slice(0, 600)}'`]),
  ].join(' ')

/**
 * Asks every documented operation again and again, `requests` in all, half of them as the document describes and half with something
 * wrong, and judges each answer. Things that exist are named by what earlier answers have given out.
 */
export const runFuzz = async (database: TestDatabase, seed: number, requests: number) => {
  const started = performance.now()
  // The fuzz must not remove the subscriber whose credential it uses.
  const { random, world, kitchen, maker } = await openKitchen(database, seed, [ADMIN_CHAT])
  const { operations } = world.document
  const cards = deck(random, operations)
  const origin = world.listen()

  const problems: string[] = []
  const statuses = new Map<number, number>()
  const successes = new Set<string>()
  const asked = new Map<string, Map<number, number>>()
  let sent = 0
  const ask = async (operation: Operation, valid: boolean) => {
    const made = maker.make(operation, valid)
    Object.assign(made.headers, maker.credentials(operation), made.headers)
    const asking = operation.responses.has(101)
      ? askSocket(origin, made, random.chance(0.7))
      : send(world, operation.method, made)
    const answer = await asking.catch((error) => {
      throw new Error(`TEST_SEED=${seed} request ${sent + 1}: ${curl(operation, made)}: ${error}`)
    })
    sent++
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
    const own = asked.get(operation.key) ?? new Map()
    asked.set(operation.key, own.set(answer.status, (own.get(answer.status) ?? 0) + 1))
    const problem = judge(world.document, operation, answer)
    if (problem !== undefined)
      problems.push(`request ${sent}: ${curl(operation, made)}\n    ${problem}; ${answer.status} ${answer.text.slice(0, 400)}`)
    if (answer.status < 300) {
      successes.add(operation.key)
      learn(kitchen, operation, made, answer)
      cards.follow(operation.key)
      if (operation.key === 'GET /api/v1/auth/logout') await world.again()
    } else if (answer.status === 401 && operation.security.includes('loveParser')) await world.again()
    world.clock.advance(random.int(0, 4000))
    if (sent % WORK_EVERY === 0) await world.work()
    if (world.errors.length > 0)
      problems.push(`after request ${sent}, ${curl(operation, made)}: ${world.errors.splice(0).join('\n')}`)
  }
  const shut = () => operations.filter(({ key }) => !successes.has(key))
  try {
    while (sent < requests && problems.length < MAX_TOLD) await ask(cards.next(), random.chance(0.5))
    // What was never lucky is asked as it should be, after what has to come before it.
    for (let round = 0; round < LAST_ROUNDS && shut().length > 0; round++)
      for (const operation of shut()) {
        for (const before of operations.filter(({ key }) => FOLLOWED_BY[key]?.includes(operation.key))) await ask(before, true)
        await ask(operation, true)
      }
  } finally {
    await world.close()
  }
  return {
    problems,
    sent,
    seconds: (performance.now() - started) / 1000,
    statuses: [...statuses].sort(([a], [b]) => a - b),
    asked,
    operations: operations.length,
    /** Operations that never answered a success: a run that is refused everywhere has tested the doors only. */
    shut: shut().map(({ key }) => key),
  }
}
