import { describe, expect, test } from 'bun:test'
import { searchTopic } from '../../src/love-parser/channel-search/life.ts'
import type { Snapshot } from '../../src/love-parser/channel-search/model.ts'
import {
  type Channel,
  type SearchRequest,
  type SearchStep,
  TelegramError,
  type TelegramGateway,
} from '../../src/platform/telegram/user-api/port.ts'
import type { JobHandler } from '../../src/tasks/index.ts'
import { onEachDatabase, type TestDatabase } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { makeRig, type Person, type Rig, scriptedGateway } from './rig.ts'

/** How the telegram worker runs a search. */
const searchHandler = (rig: Rig): JobHandler => {
  const handlers: Record<string, JobHandler> = Object.assign({}, ...(rig.loveParser?.jobs ?? []).map((job) => job.handlers))
  return handlers['love-parser.search'] as JobHandler
}

const channel = (n: number): Channel => ({
  channelId: String(1000 + n),
  title: `Channel ${n}`,
  username: `@channel_${n}`,
  subscribers: 100 - n,
  description: null,
  activityScore: 0.5,
  activityLevel: 'medium',
  language: null,
  lastPost: null,
})
const SIGNED_IN = {
  telegramId: 1,
  username: null,
  firstName: null,
  lastName: null,
  phone: '+79990000001',
  photoId: null,
  session: 's',
}

/** A live gateway whose searches follow the test's script, attempt by attempt. */
const live = (search: (request: SearchRequest, attempt: number) => AsyncGenerator<SearchStep, void, void>): TelegramGateway => {
  let attempt = 0
  return scriptedGateway({
    sendCode: async () => ({ phoneCodeHash: 'h', state: 's' }),
    signIn: async () => ({ passwordNeeded: false, account: SIGNED_IN }),
    search: (request) => search(request, ++attempt),
  })
}
async function* reads(count: number, from = 0): AsyncGenerator<SearchStep, void, void> {
  for (let read = from; read <= count; read++) yield { kind: 'reading', read, of: count, state: { source: 'mtproto', read } }
}
async function* finds(count: number, from = 0): AsyncGenerator<SearchStep, void, void> {
  yield* reads(count, from)
  yield { kind: 'done', of: count, rows: Array.from({ length: count }, (_, n) => channel(n)) }
}

const watching = async (database: TestDatabase, gateway: TelegramGateway) => {
  const rig = await makeRig(database, { gateway })
  const person = await rig.login('+79990000001')
  const shown: Snapshot[] = []
  return {
    rig,
    person,
    shown,
    async begin(): Promise<string> {
      const { search_id } = (await rig.search(person)).body
      rig.platform.bus.subscribe(searchTopic(search_id), (snapshot: Snapshot) => shown.push(snapshot))
      return search_id
    },
    /** Runs what is ready, then moves time to what comes next, until nothing is left. */
    async runAll(stepMs = 1000, turns = 100) {
      for (let n = 0; n < turns; n++) {
        await rig.runSearches()
        rig.clock.advance(stepMs)
        await rig.engine.sweep()
      }
    },
    results: async (who: Person, id: string) => (await rig.get(`/api/v1/parsing/${id}/results`, who.headers)).body,
  }
}

onEachDatabase('love-parser search job', (database) => {
  test('§4 Job: row, snapshot, progress and counts at every moment', async () => {
    const { rig, person, shown, begin } = await watching(
      database,
      live(() => finds(4)),
    )
    const id = await begin()
    await rig.runSearches()
    expect(shown.map(({ status, progress, current, total }) => [status, progress, current, total])).toEqual([
      ['initializing', 5, 0, 0],
      ['scanning_channels', 5, 0, 4],
      ['scanning_channels', 17, 1, 4],
      ['scanning_channels', 30, 2, 4],
      ['scanning_channels', 42, 3, 4],
      ['scanning_channels', 55, 4, 4],
      ['analyzing_data', 80, 4, 4],
      ['completed', 100, 4, 4],
    ])
    expect(shown.map(({ version }) => version)).toEqual([2, 3, 4, 5, 6, 7, 8, 9])
    expect(shown.at(-1)).toMatchObject({ searchId: id, results: 4, attempt: 1, source: 'mtproto' })
    expect(await rig.entry(person, id)).toMatchObject({ status: 'completed', results_count: 4, source: 'mtproto', error: null })
  })

  describe('§11.11', () => {
    test('a job that fails twice and then succeeds never publishes failed', async () => {
      const { rig, person, shown, begin, runAll, results } = await watching(
        database,
        live(async function* (_request, attempt) {
          yield* reads(2)
          if (attempt < 3) throw new TelegramError('unavailable')
          yield* finds(2, 2)
        }),
      )
      const id = await begin()
      await rig.runSearches()
      const waiting = shown.at(-1)!
      expect([waiting.status, waiting.message]).toEqual(['scanning_channels', expect.stringContaining('2 s')])
      expect((await rig.entry(person, id)).status).toBe('processing')
      await runAll(1000, 12)
      expect(shown.map(({ status }) => status)).not.toContain('failed')
      expect(shown.filter(({ status }) => status === 'completed')).toHaveLength(1)
      expect(shown.filter(({ status }) => status === 'initializing').map(({ attempt }) => attempt)).toEqual([1, 2, 3])
      // Progress falls back only when the attempt grows.
      for (const [n, next] of shown.entries())
        if (n > 0 && next.attempt === shown[n - 1]!.attempt) expect(next.progress).toBeGreaterThanOrEqual(shown[n - 1]!.progress)
      expect((await results(person, id)).total).toBe(2)
      expect(await rig.used(person, 'parsing')).toBe(1)
    })

    test('one that always fails publishes it once, after attempt 5 and waits of 2, 6, 14 and 30 s, with no rows and its unit back', async () => {
      const at: number[] = []
      const { rig, person, shown, begin, runAll, results } = await watching(
        database,
        live(async function* () {
          at.push(rig.clock.now())
          yield* reads(3)
          throw new TelegramError('unavailable')
        }),
      )
      const id = await begin()
      await runAll(1000, 60)
      expect(at.map((time) => time - at[0]!)).toEqual([0, 2000, 8000, 22_000, 52_000])
      const failed = shown.filter(({ status }) => status === 'failed')
      expect(failed).toEqual([
        expect.objectContaining({ attempt: 5, progress: 100, current: 3, total: 3, error: 'Telegram is not available' }),
      ])
      expect(shown.at(-1)).toEqual(failed[0])
      expect(await rig.entry(person, id)).toMatchObject({
        status: 'failed',
        error: 'Telegram is not available',
        results_count: 0,
      })
      expect(await results(person, id)).toMatchObject({ total: 0, results: [], source: 'mtproto' })
      expect(await rig.used(person, 'parsing')).toBe(0)
    })

    test('a permanent error ends it after attempt 1', async () => {
      for (const problem of ['session_revoked', 'rejected'] as const) {
        const { rig, person, shown, begin } = await watching(
          database,
          live(async function* () {
            throw new TelegramError(problem)
          }),
        )
        const id = await begin()
        await rig.runSearches()
        expect(shown.map(({ status, attempt }) => [status, attempt])).toEqual([
          ['initializing', 1],
          ['failed', 1],
        ])
        expect(shown[1]).toMatchObject({ current: 0, total: 0 })
        expect((await rig.entry(person, id)).error).not.toMatch(/telegram:|rejected|revoked/)
        expect(await rig.used(person, 'parsing')).toBe(0)
      }
    })

    test('rows saved before a failure are not kept: a live failure leaves 0 rows', async () => {
      const { rig, person, begin, results } = await watching(
        database,
        live(() => finds(3)),
      )
      const id = await begin()
      const job = searchHandler(rig)
      const [task] = await rig.engine.lease({ owner: 'w', kinds: ['love-parser.search'], max: 1, leaseMs: 60_000 })
      const holder = { id: task!.id, owner: 'w', fence: task!.fence }
      await job.run({ task: task!, holder, signal: new AbortController().signal })
      expect((await results(person, id)).total).toBe(3)
      await rig.engine.fail(holder, { error: 'gone', retryable: false }, ['love-parser.search'])
      expect(await results(person, id)).toMatchObject({ total: 0, results: [] })
    })
  })

  describe('§11.12 FLOOD_WAIT', () => {
    test('30 s resume 31 s later, attempt unchanged, the message names 30, channels already read are not asked again', async () => {
      const resumes: unknown[] = []
      const { rig, person, shown, begin } = await watching(
        database,
        live(async function* (request, attempt) {
          resumes.push(request.resume)
          if (attempt === 1) {
            yield* reads(2)
            throw new TelegramError('flood', { seconds: 30 })
          }
          yield* finds(4, 2)
        }),
      )
      const id = await begin()
      await rig.runSearches()
      expect(shown.at(-1)).toMatchObject({ status: 'scanning_channels', attempt: 1, message: expect.stringContaining('30') })
      rig.clock.advance(30_999)
      expect(await rig.runSearches()).toBe(0)
      rig.clock.advance(1)
      expect(await rig.runSearches()).toBe(1)
      expect(resumes).toEqual([undefined, { source: 'mtproto', read: 2 }])
      expect(new Set(shown.map(({ attempt }) => attempt))).toEqual(new Set([1]))
      expect(shown.filter(({ status }) => status === 'initializing')).toHaveLength(1)
      expect(await rig.entry(person, id)).toMatchObject({ status: 'completed', results_count: 4 })
    })

    test('one wait above 3600 s, or more than 6 h in all, fails for good', async () => {
      for (const [seconds, runs] of [
        [3601, 1],
        [3600, 7],
      ] as const) {
        let asked = 0
        const { rig, person, begin } = await watching(
          database,
          live(async function* () {
            asked++
            throw new TelegramError('flood', { seconds })
          }),
        )
        const id = await begin()
        for (let n = 0; n < 10; n++) {
          await rig.runSearches()
          rig.clock.advance((seconds + 1) * 1000)
        }
        expect([seconds, asked]).toEqual([seconds, runs])
        expect((await rig.entry(person, id)).status).toBe('failed')
      }
    })
  })

  test('§11.13: a worker killed in the middle: another finishes, rows are not doubled, the old one’s writes are refused', async () => {
    const { rig, person, shown, begin, results } = await watching(
      database,
      live(() => finds(3)),
    )
    const id = await begin()
    const job = searchHandler(rig)
    const [task] = await rig.engine.lease({ owner: 'killed', kinds: ['love-parser.search'], max: 1, leaseMs: 60_000 })
    const old = { id: task!.id, owner: 'killed', fence: task!.fence }
    rig.clock.advance(60_001)
    await rig.engine.sweep()
    expect(shown.at(-1)).toMatchObject({ message: expect.stringContaining('interrupted') })
    expect(await rig.runSearches()).toBe(1)
    expect((await results(person, id)).total).toBe(3)
    const versions = shown.length
    await expect(job.run({ task: task!, holder: old, signal: new AbortController().signal })).rejects.toThrow('lease')
    expect((await rig.engine.complete('killed', [{ id: old.id, fence: old.fence }], ['love-parser.search'])).size).toBe(1)
    expect(shown).toHaveLength(versions)
    expect(await results(person, id)).toMatchObject({ total: 3 })
    expect(await rig.entry(person, id)).toMatchObject({ status: 'completed', results_count: 3 })
    expect(shown.at(-1)).toMatchObject({ attempt: 2, status: 'completed' })
  })

  test('§4: an attempt that takes 15 minutes has failed and is tried again', async () => {
    const { rig, shown, begin } = await watching(
      database,
      live(async function* (request, attempt) {
        if (attempt > 1) return yield* finds(1)
        yield* reads(2)
        await new Promise((_, reject) => request.signal!.addEventListener('abort', () => reject(request.signal!.reason)))
      }),
    )
    await begin()
    const running = rig.runSearches()
    await eventually(() => shown.length >= 4)
    // The lease is renewed every 20 s, so it does not run out before.
    for (let n = 0; n < 15 * 3; n++) {
      rig.clock.advance(20_000)
      // Until the renewal is stored and its loop sleeps again beside the timeout.
      if (n < 44) await eventually(() => rig.clock.sleeping() === 2)
    }
    expect(await running).toBe(1)
    expect(shown.at(-1)).toMatchObject({ attempt: 1, message: expect.stringContaining('too long') })
    rig.clock.advance(2000)
    await rig.runSearches()
    expect(shown.at(-1)).toMatchObject({ attempt: 2, status: 'completed' })
  })

  test('§4 cancel: a running search is stopped at once; what its worker still writes is refused', async () => {
    let release = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const { rig, person, shown, begin, results } = await watching(
      database,
      live(async function* () {
        yield* reads(2)
        await gate
        yield* finds(2)
      }),
    )
    const id = await begin()
    const running = rig.runSearches()
    await eventually(() => shown.length >= 4)
    const answer = await rig.post(`/api/v1/parsing/${id}/cancel`, undefined, person.headers)
    expect(answer.body).toMatchObject({ status: 'failed', error: 'Cancelled by user' })
    release()
    await running
    expect(shown.at(-1)).toMatchObject({ status: 'failed', error: 'Cancelled by user' })
    expect(await results(person, id)).toMatchObject({ total: 0 })
    expect(await rig.used(person, 'parsing')).toBe(0)
  })

  test('§7: one live search runs at a time, across processes', async () => {
    const { rig, person } = await watching(
      database,
      live(() => finds(1)),
    )
    await rig.setLimit(person, 'parsing', 5)
    for (let n = 0; n < 3; n++) await rig.search(person)
    const lease = (owner: string) => rig.engine.lease({ owner, kinds: ['love-parser.search'], max: 3, leaseMs: 60_000 })
    const [task] = await lease('one')
    expect(task).toBeDefined()
    expect(await lease('two')).toEqual([])
    await rig.engine.release([{ id: task!.id, owner: 'one', fence: task!.fence }], ['love-parser.search'])
    expect(await lease('two')).toHaveLength(1)
  })
})
