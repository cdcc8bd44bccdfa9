import { expect, test } from 'bun:test'
import { TelegramError } from '../../src/platform/telegram/user-api/port.ts'
import { onEachDatabase } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { makeRig, scriptedGateway, statusAndCode } from './rig.ts'

onEachDatabase('love-parser health and metrics', (database) => {
  test('§2: health touches no dependency, the probes each touch their own', async () => {
    const rig = await makeRig(database)
    for (const path of ['/health', '/api/health', '/api/v1/health'])
      expect((await rig.get(path, rig.anonymous)).body).toEqual({ status: 'ok' })
    for (const prefix of ['', '/api']) {
      expect((await rig.get(`${prefix}/health/db`, rig.anonymous)).body).toEqual({
        status: 'ok',
        response_time: expect.any(Number),
      })
      expect((await rig.get(`${prefix}/health/redis`, rig.anonymous)).body).toEqual(
        rig.platform.redis
          ? { status: 'ok', response_time: expect.any(Number) }
          : { status: 'ok', response_time: 0, mode: 'memory' },
      )
      expect((await rig.get(`${prefix}/health/telegram`, rig.anonymous)).body).toEqual({
        status: 'ok',
        active_sessions: 0,
        mode: 'sandbox',
      })
    }
    await rig.login()
    await rig.login()
    expect((await rig.get('/health/telegram', rig.anonymous)).body.active_sessions).toBe(2)
  })

  test('§2: an unreachable Telegram is 503 in the envelope, one that never answers after 5 s', async () => {
    const down = await makeRig(database, {
      gateway: scriptedGateway({
        ping: async () => {
          throw new TelegramError('unavailable')
        },
      }),
    })
    expect(statusAndCode(await down.get('/health/telegram', down.anonymous))).toEqual([503, 'SERVICE_UNAVAILABLE'])
    const silent = await makeRig(database, { gateway: scriptedGateway({ ping: () => new Promise(() => {}) }) })
    const answer = silent.get('/health/telegram', silent.anonymous)
    await eventually(() => silent.clock.sleeping() > 0)
    silent.clock.advance(5000)
    expect(statusAndCode(await answer)).toEqual([503, 'SERVICE_UNAVAILABLE'])
    expect((await silent.get('/health', silent.anonymous)).status).toBe(200)
  })

  test('security M7: anybody may ask, so one question to Telegram serves all for a second; a failure is not kept', async () => {
    let asked = 0
    let isDown = false
    const gateway = scriptedGateway({
      ping: async () => {
        asked++
        if (isDown) throw new TelegramError('unavailable')
      },
    })
    const rig = await makeRig(database, { gateway })
    const ask = async (path = '/health/telegram') => (await rig.get(path, rig.anonymous)).status
    const paths = ['/health/telegram', '/api/health/telegram']
    const many = await Promise.all(Array.from({ length: 16 }, (_, n) => ask(paths[n % 2])))
    expect([new Set(many), asked]).toEqual([new Set([200]), 1])
    rig.clock.advance(999)
    expect([await ask(), asked]).toEqual([200, 1])
    rig.clock.advance(1)
    isDown = true
    expect([await ask(), asked]).toEqual([503, 2])
    isDown = false
    expect([await ask(), asked]).toEqual([200, 3])
  })

  test('§10: with the database lost its routes are 503, health and plans still answer', async () => {
    const rig = await makeRig(database)
    const person = await rig.login()
    const { tx, ping } = rig.platform.db
    const gone = Object.assign(new Error('connect ECONNREFUSED 10.1.2.3:5432'), { code: 'ECONNREFUSED' })
    Object.assign(rig.platform.db, { tx: () => Promise.reject(gone), ping: () => Promise.reject(gone) })
    try {
      const refused = await rig.search(person)
      expect(statusAndCode(refused)).toEqual([503, 'SERVICE_UNAVAILABLE'])
      expect(refused.body.error.message).not.toContain('10.1.2.3')
      expect(statusAndCode(await rig.get('/health/db', rig.anonymous))).toEqual([503, 'SERVICE_UNAVAILABLE'])
      expect((await rig.get('/health', rig.anonymous)).status).toBe(200)
      expect((await rig.get('/api/v1/subscriptions/plans', rig.anonymous)).status).toBe(200)
    } finally {
      Object.assign(rig.platform.db, { tx, ping })
    }
    expect((await rig.search(person)).status).toBe(202)
  })

  test('§2: the metrics of the contract', async () => {
    const rig = await makeRig(database)
    const person = await rig.login()
    await rig.search(person)
    await rig.get('/api/v1/nothing', person.headers)
    const text: string = (await rig.get('/metrics', rig.anonymous)).body
    for (const line of [
      'http_requests_total{method="POST",route="/api/v1/parsing/search",status_code="202",outcome="success"} 1',
      'http_requests_total{method="GET",route="unmatched",status_code="404",outcome="client_error"} 1',
      'job_queue_size{queue="parsing"} 1',
      'job_queue_size{queue="audience"} 0',
      'job_queue_size{queue="notifications"} 0',
      'job_queue_size{queue="cron"} 0',
      'subscription_active_count 1',
      'broadcast_sent_total 0',
      'broadcast_failed_total 0',
      `redis_connections_active ${rig.platform.redis ? 2 : 0}`,
    ])
      expect(text).toContain(line)
    for (const name of [
      'telegram_api_calls_total',
      'telegram_api_errors_total',
      'cron_job_runs_total',
      'cron_job_duration_seconds',
      'database_connections_active',
    ])
      expect(text).toContain(`# TYPE ${name} `)
  })
})
