import { describe, expect, test } from 'bun:test'
import { Parser } from '@asyncapi/parser'
import { ASYNCAPI_FILE, documentsOfApp, OPENAPI_FILE } from '../../scripts/openapi.ts'
import { openSqlite } from '../../src/platform/db/sqlite.ts'
import { openSocket } from '../gifty/socket-rig.ts'
import { createTestApp, INTERNAL } from '../support/app.ts'
import { openClientSocket } from '../support/client-socket.ts'
import { validatorOf } from './validator.ts'

type Json = Record<string, any>
const rendered = documentsOfApp().then(({ asyncapi }) => asyncapi)
const document = rendered.then((text) => JSON.parse(text) as Json)

/** Remarks of the parser that stay, with the reason. */
const ACCEPTED = [
  // 3.0 is what generators read today.
  'asyncapi-latest-version',
]

describe('AsyncAPI document', () => {
  test('@asyncapi/parser finds nothing wrong with it', async () => {
    const { document: parsed, diagnostics } = await new Parser().parse(await rendered)
    expect(diagnostics.filter(({ code }) => !ACCEPTED.includes(String(code)))).toEqual([])
    expect(parsed?.version()).toBe('3.0.0')
    expect(
      parsed
        ?.channels()
        .all()
        .map((channel) => channel.address())
        .sort(),
    ).toEqual([
      '/api/internal2/connect',
      '/api/internal2/tasks/{id}/events',
      '/api/internal2/tasks/{id}/websocket',
      '/api/v1/parsing/{search_id}/progress',
      '/internal/events',
      '/internal/workers/connect',
      'notifications',
      'parsing_tasks',
    ])
  })

  test('the committed copy is what /docs/asyncapi.json answers', async () => {
    expect(await Bun.file(ASYNCAPI_FILE).text()).toBe(await rendered)
  })

  test('every message has an example, which is of its schema', async () => {
    const whole = await document
    const problem = validatorOf(whole)
    const wrong: string[] = []
    const messages = Object.values<Json>(whole.components.messages)
    for (const { name, payload, examples = [] } of messages) {
      if (examples.length === 0) wrong.push(`${name}: no example`)
      for (const example of examples) {
        const found = problem(payload, example.payload)
        if (found) wrong.push(`${name}: ${found}`)
      }
    }
    expect(wrong).toEqual([])
    expect(messages.length).toBeGreaterThan(50)
  })

  test('every channel that is a path is an operation of the API document too', async () => {
    const { paths } = await Bun.file(OPENAPI_FILE).json()
    const addresses = Object.values<Json>((await document).channels)
      .map(({ address }) => address as string)
      .filter((address) => address.startsWith('/'))
    expect(addresses.filter((address) => !paths[address]?.get)).toEqual([])
  })
})

describe('what goes over the wire', () => {
  /** Fails unless a frame is of one of the messages of its channel. */
  const isOf = async (frame: unknown, ...names: string[]) => {
    const whole = await document
    const problem = validatorOf(whole)
    const problems = names.map((name) => problem(whole.components.messages[name].payload, frame))
    expect(problems.includes(undefined) ? [] : problems).toEqual([])
  }

  test('frames of the worker socket are those of the document', async () => {
    const app = await createTestApp(openSqlite({ path: ':memory:' }))
    const worker = await openSocket(app.listen(), INTERNAL)
    try {
      await isOf(await worker.ask('hello', { worker_id: 'w', kinds: ['source.run'] }), 'worker.reply')
      const source = (await app.post('/internal/sources', { url: 'https://tea.example/l', type: 'list', site_key: 'tea' })).body
      await app.post(`/internal/sources/${source.id}/force-run`)
      const task = await worker.next(({ type }) => type === 'task')
      await isOf(task, 'worker.task')
      const lease = { task_id: task.data.id, fence: task.data.fence }
      await isOf(await worker.ask('heartbeat', lease), 'worker.reply')
      await app.post(`/internal/tasks/${task.data.id}/cancel`)
      await isOf(await worker.next(({ type }) => type === 'cancel'), 'worker.cancel')
      await isOf(await worker.ask('complete', { ...lease, fence: 99 }), 'worker.error')
      await isOf(await worker.ask('complete', lease), 'worker.reply')
      await isOf(await worker.ask('ping'), 'worker.reply')
    } finally {
      worker.socket.close()
      await app.stop()
    }
  })

  test('frames of the crawler socket are those of the document', async () => {
    const app = await createTestApp(openSqlite({ path: ':memory:' }))
    const headers = { authorization: 'Bearer dev-crawler-token' }
    const client = await openClientSocket<Json>(`${app.listen().replace('http', 'ws')}/api/internal2/connect`, { headers })
    const say = (frame: Json) => client.raw(JSON.stringify(frame))
    try {
      await isOf(await client.next(() => true), 'crawler.connection_ready')
      say({ type: 'task', id: 1, data: { id: 't', type: 'FETCH_ISSUES', credentials: { accessToken: 'glpat' } } })
      await isOf(await client.next(({ type }) => type === 'task_update'), 'crawler.task_update')
      await isOf(await client.next(({ type }) => type === 'ack'), 'crawler.ack')
      say({ type: 'task_request', id: 2, data: { max: 1, workerId: 'w' } })
      const assigned = await client.next(({ type }) => type === 'task_assignment')
      await isOf(assigned, 'crawler.task_assignment')
      const { fence } = assigned.data.lease
      const update = {
        taskId: 't',
        processedItems: 5,
        workerId: 'w',
        fence,
        timeline: [{ timestamp: '2026-01-15', event: 'page' }],
      }
      say({ type: 'progress', id: 3, data: update })
      await isOf(await client.next(({ type }) => type === 'progress'), 'crawler.progress')
      await isOf(await client.next(({ type }) => type === 'timeline'), 'crawler.timeline')
      await isOf(await client.next(({ type, data }) => type === 'ack' && data.refId === 3), 'crawler.ack')
      say({ type: 'heartbeat', id: 4, data: { workerId: 'w', activeTasks: ['t', 'unknown'] } })
      await isOf(await client.next(({ type }) => type === 'heartbeat_response'), 'crawler.heartbeat_response')
      say({ type: 'token_refresh_request', id: 5, data: { taskId: 't', workerId: 'w', fence, credentialsVersion: 1 } })
      await isOf(await client.next(({ type }) => type === 'token_refresh_response'), 'crawler.token_refresh_response')
      await isOf(await client.next(({ type }) => type === 'status'), 'crawler.status')
      await app.call('POST', '/api/internal2/tasks/t/websocket', { note: 'hello' }, headers)
      await isOf(await client.next(({ type }) => type === 'message'), 'crawler.message')
      say({ type: 'ping', id: 6, data: {} })
      await isOf(await client.next(({ type }) => type === 'pong'), 'crawler.pong')
      say({ type: 'subscribe', id: 7, data: {} })
      await isOf(await client.next(({ type }) => type === 'error'), 'crawler.error')
    } finally {
      client.socket.close()
      await app.stop()
    }
  })
})
