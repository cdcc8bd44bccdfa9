import type { z } from 'zod'
import { conflict, notFound } from '../../../errors.ts'
import type { Clock } from '../../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../../platform/db/index.ts'
import { likePattern } from '../../../platform/db/sql.ts'
import { rowsThatFit } from '../../../platform/http/lists.ts'
import { sseComment, sseEvent } from '../../../platform/push/sse.ts'
import type { Bus } from '../../../platform/shared.ts'
import { type Engine, holds } from '../../../tasks/index.ts'
import { invalidField } from '../../envelope.ts'
import { sourcesTables } from '../../tables.ts'
import { LOG_LEVELS } from '../model.ts'
import type { appendBody, LogLineInput, LogsQuery, LogView } from './model.ts'

/** Lines of a run that are kept. */
const KEPT_LINES = 10_000
/** Lines beyond those that may wait to be removed: removing takes a statement of its own. */
const SURPLUS = 500
/** Lines of one part of a followed log. */
const PART = 500
/** How often a follower looks for lines of other processes, in ms. */
const LOOK_MS = 1000
/** How often it sends a comment, and asks whether its credential still holds, in ms. */
const HEARTBEAT_MS = 15_000
const RECHECK_MS = 5000
const NEW_LINES = 'run.logs'
const encoder = new TextEncoder()

type Level = (typeof LOG_LEVELS)[number]
/** A line to append. */
export interface NewLine {
  at: Date
  level: Level
  message: string
  fields: Record<string, unknown> | null
}
interface StoredLine extends Omit<LogView, 'n' | 'at' | 'fields'> {
  n: number | string
  at: Date | number
  fields: Record<string, unknown> | null
}

const WORDS: Record<string, Level> = {
  ...{ debug: 'debug', trace: 'debug', info: 'info', notice: 'info', warn: 'warn', warning: 'warn' },
  ...{ error: 'error', err: 'error', fatal: 'error', critical: 'error' },
}
/** The level that a line begins with, behind a time: `2026-01-15 09:00:02 [shop] ERROR: ...`. */
const LEVEL =
  /^[\d\s:.,TZ+/-]{0,40}(?:\[[^\]]{0,60}\]\s{0,4}){0,3}\[?(debug|trace|info|notice|warn|warning|error|err|fatal|critical)\]?(?=[\s:|\]]|$)/i
const MAX_MESSAGE = 8192
/** A worker's text as lines: a level only where a line names it. */
export const linesOfText = (text: string, now: Date): NewLine[] =>
  text
    .split(/\r\n|\n|\r/)
    .filter((line) => line.trim() !== '')
    .slice(-KEPT_LINES)
    .map((line) => ({
      at: now,
      level: WORDS[LEVEL.exec(line.slice(0, 300))?.[1]?.toLowerCase() ?? ''] ?? 'info',
      message: line.length > MAX_MESSAGE ? line.slice(0, MAX_MESSAGE).toWellFormed() : line,
      fields: null,
    }))
/** Why a run has failed, as the last line of its log. */
export const lineOfError = (text: string, now: Date): NewLine => ({
  ...{ at: now, level: 'error', fields: null },
  message: text.length > MAX_MESSAGE ? text.slice(-MAX_MESSAGE).toWellFormed() : text,
})

/** Log lines of runs (operations §2): numbered from 1 in each run, without gaps or repeats, of which the last 10,000 are kept. */
export const runLogQueries = (db: Db) => {
  const { runLogs } = sourcesTables(db.kit)
  const { either, param } = db.fragments
  const count = db.batch<{ id: number | string; last: number | string }>(
    'run_logs_count',
    [
      { name: 'id', type: 'bigint' },
      { name: 'count', type: 'bigint' },
    ],
    (source) => `update parsing_runs as r set log_lines = r.log_lines + s.count from ${source} s where r.id = s.id
      returning ${either('id', 'r.id')}, ${either('log_lines', 'r.log_lines')} as last`,
    'json',
  )
  const insert = db.batch<{ n: number }>(
    'run_logs_add',
    [
      { name: 'run_id', type: 'bigint' },
      { name: 'n', type: 'bigint' },
      { name: 'at', type: 'timestamptz' },
      { name: 'level', type: 'text' },
      { name: 'message', type: 'text' },
      { name: 'fields', type: 'jsonb' },
    ],
    (source) => `insert into run_logs (run_id, n, at, level, message, fields)
      select s.run_id, s.n, s.at, s.level, s.message, s.fields from ${source} s where true returning n`,
    'json',
  )
  const drop = db.batch<{ n: number }>(
    'run_logs_drop',
    [
      { name: 'id', type: 'bigint' },
      { name: 'most', type: 'bigint' },
    ],
    (source) => `delete from run_logs where (run_id, n) in (
      select l.run_id, l.n from ${source} s join run_logs l on l.run_id = s.id and l.n <= s.most) returning n`,
    'json',
  )
  const wanted = `from run_logs l where run_id = ${param('id', 'bigint')} and n > ${param('after', 'bigint')}
       and (${param('all', 'int')} = 1 or ${db.fragments.inList('level', 'levels')})
       and (${param('pattern', 'text')} is null or message ${db.fragments.like} ${param('pattern', 'text')} escape '\\')
     order by n limit ${db.fragments.limit('max')}`
  const weigh = db.statement<{ n: number | string; bytes: number | string }>(
    'run_logs_weigh',
    `select n, ${db.fragments.bytes('message')} + ${db.fragments.bytes('fields')} as bytes ${wanted}`,
  )
  const read = db.statement<StoredLine>('run_logs_read', `select n, at, level, message, fields ${wanted}`, runLogs)
  const head = db.statement<{ last: number | string; status: string; taskId: string | null }>(
    'run_logs_head',
    `select log_lines as last, status, task_id as "taskId" from parsing_runs where id = ${param('id', 'bigint')}`,
  )
  const purge = db.statement<{ n: number }>(
    'run_logs_purge',
    either(
      `delete from run_logs where rowid in (select rowid from run_logs where at < :before order by at limit :max) returning n`,
      `delete from run_logs where ctid = any(array(select ctid from run_logs where at < :before::timestamptz order by at limit :max::int)) returning n`,
    ),
  )
  return {
    /** Appends lines to runs. Answers the number of the newest line of each; a run that does not exist is left out. */
    *append(tx: Tx, added: readonly { id: number; lines: readonly NewLine[] }[]): Steps<Map<number, number>> {
      const some = added.filter(({ lines }) => lines.length > 0)
      if (some.length === 0) return new Map()
      const counted = yield* tx.batch(
        count,
        some.map(({ id, lines }) => [id, lines.length]),
      )
      const newest = new Map(counted.map(({ id, last }) => [Number(id), Number(last)]))
      const rows = some.flatMap(({ id, lines }) => {
        const last = newest.get(id)
        if (last === undefined) return []
        const kept = lines.slice(-KEPT_LINES)
        return kept.map(({ at, level, message, fields }, index) => [
          ...[id, last - kept.length + 1 + index, at, level, message],
          fields === null ? null : JSON.stringify(fields),
        ])
      })
      if (rows.length > 0) yield* tx.batch(insert, rows)
      const isPast = (last: number, lines: number) =>
        last > KEPT_LINES && Math.floor(last / SURPLUS) > Math.floor((last - lines) / SURPLUS)
      const full = some.flatMap(({ id, lines }) => {
        const last = newest.get(id)
        return last !== undefined && isPast(last, lines.length) ? [[id, last - KEPT_LINES]] : []
      })
      if (full.length > 0) yield* tx.batch(drop, full)
      return newest
    },
    head: async (id: number) => {
      const [row] = await head.all({ id })
      return row && { last: Number(row.last), isOpen: row.status === 'queued' || row.status === 'running' }
    },
    *taskOf(tx: Tx, id: number): Steps<{ taskId: string | null } | undefined> {
      return (yield* tx.run(head, { id }))[0]
    },
    /** Lines behind `after`, at most `limit` and 4 MiB of them. */
    read: async (
      id: number,
      after: number,
      { level, q, limit }: Pick<LogsQuery, 'level' | 'q' | 'limit'>,
    ): Promise<LogView[]> => {
      const params = {
        ...{ id, after, max: limit, all: level ? 0 : 1, levels: level ? LOG_LEVELS.slice(LOG_LEVELS.indexOf(level)) : [] },
        pattern: q ? likePattern(q) : null,
      }
      // Lines can be long: an answer ends early before it weighs too much.
      const max = rowsThatFit(await weigh.all(params), limit)
      const rows = max === 0 ? [] : await read.all({ ...params, max })
      return rows.map(({ n, at, fields, ...line }) => ({
        ...{ n: Number(n), at: new Date(at).toISOString(), level: line.level, message: line.message },
        ...(fields ? { fields } : {}),
      }))
    },
    /** Removes at most `max` lines from before a time. */
    *purge(tx: Tx, before: Date, max: number): Steps<number> {
      return (yield* tx.run(purge, { before, max })).length
    },
  }
}
export type RunLogQueries = ReturnType<typeof runLogQueries>

export interface RunLogsDeps {
  db: Db
  clock: Clock
  bus: Bus
  engine: Engine
  queries: RunLogQueries
}

/** Appending to, reading and following the logs of runs. */
export const createRunLogs = ({ db, clock, bus, engine, queries }: RunLogsDeps) => {
  const stopping = new AbortController()
  const headOf = async (id: number) => {
    const head = await queries.head(id)
    if (!head) throw notFound('Run not found')
    return head
  }
  const toLine = ({ message, level, at, fields }: LogLineInput, now: Date): NewLine => ({
    ...{ message, level: level ?? 'info', at: at ?? now, fields: fields ?? null },
  })
  /** Wakes one follower at a run's new lines, and when its stream or the server ends. To be begun before the log is read. */
  const watch = (id: number) => {
    const ended = new AbortController()
    let isNew = false
    let woken = new AbortController()
    const wake = () => woken.abort()
    const unsubscribe = bus.subscribe(NEW_LINES, ({ runId }: { runId: number }) => {
      if (runId !== id) return
      isNew = true
      wake()
    })
    const end = () => {
      unsubscribe()
      stopping.signal.removeEventListener('abort', end)
      ended.abort()
      wake()
    }
    stopping.signal.addEventListener('abort', end)
    const isOver = () => ended.signal.aborted || stopping.signal.aborted
    return {
      end,
      isOver,
      /** What comes from now on is news. */
      begin() {
        isNew = false
      },
      /** Resolves with news since `begin`, else after a second. */
      async news(): Promise<void> {
        woken = new AbortController()
        if (!isNew && !isOver()) await clock.sleep(LOOK_MS, woken.signal)
      },
    }
  }
  const eventOf = (line: LogView) => sseEvent({ id: line.n, event: 'line', data: JSON.stringify(line) })

  return {
    /** @throws AppError 404, 409 `stale_lease`, 422 with only one half of a fence */
    async append(id: number, { lines, worker_id: owner, fence }: z.output<typeof appendBody>): Promise<{ last: number }> {
      const isFenced = owner !== null && owner !== undefined
      if (isFenced !== (fence !== null && fence !== undefined))
        throw invalidField(['body', isFenced ? 'fence' : 'worker_id'], 'worker_id and fence go together', null)
      return db.tx(function* (tx) {
        const now = new Date(clock.now())
        if (isFenced) {
          const head = yield* queries.taskOf(tx, id)
          const task = head?.taskId ? (yield* engine.lockTasks(tx, [head.taskId])).get(head.taskId) : undefined
          if (head && (!task || !holds(task, { owner, fence: fence as number }, now)))
            throw conflict('The lease is not held any more', 'stale_lease')
        }
        const added = yield* queries.append(tx, [{ id, lines: lines.map((line) => toLine(line, now)) }])
        const last = added.get(id)
        if (last === undefined) throw notFound('Run not found')
        tx.afterCommit(() => bus.publish(NEW_LINES, { runId: id }))
        return { last }
      })
    },
    /** @throws AppError 404 */
    async read(id: number, query: LogsQuery): Promise<{ lines: LogView[]; last: number }> {
      const { last } = await headOf(id)
      // What waits to be removed is gone already.
      const lines = await queries.read(id, Math.max(query.after, last - KEPT_LINES), query)
      return { lines, last }
    },
    /**
     * The log as server-sent events from the line after `after` until the run has ended: `line` with the line's number as id, then `end`.
     * A reader that stops reading stops the reading from the database.
     * @throws AppError 404
     */
    async follow(id: number, query: LogsQuery, recheck: () => Promise<unknown> = async () => {}): Promise<Response> {
      const { last } = await headOf(id)
      let after = Math.max(query.after, last - KEPT_LINES)
      let isCancelled = false
      let beatAt = clock.now()
      let checkedAt = clock.now()
      let watching: ReturnType<typeof watch> | undefined
      const part = async (watched: ReturnType<typeof watch>): Promise<{ text: string; isOver: boolean }> => {
        // bounded: ends with the run, the reader, the credential or the server; each turn waits
        for (;;) {
          watched.begin()
          // Read first: what is appended before the end is read before it.
          const head = await queries.head(id)
          const lines = head && head.last > after ? await queries.read(id, after, { ...query, limit: PART }) : []
          if (lines.length > 0) {
            after = lines.at(-1)!.n
            return { text: lines.map(eventOf).join(''), isOver: false }
          }
          // Lines that the filters leave out need not be read again.
          after = Math.max(after, head?.last ?? 0)
          if (!head?.isOpen)
            return { text: sseEvent({ event: 'end', data: JSON.stringify({ last: head?.last ?? after }) }), isOver: true }
          if (watched.isOver()) return { text: '', isOver: true }
          const now = clock.now()
          if (now - checkedAt >= RECHECK_MS) {
            checkedAt = now
            const holds = await recheck().then(
              () => true,
              () => false,
            )
            if (!holds) return { text: '', isOver: true }
          }
          if (now - beatAt >= HEARTBEAT_MS) {
            beatAt = now
            return { text: sseComment('hb'), isOver: false }
          }
          await watched.news()
        }
      }
      const body = new ReadableStream<Uint8Array>(
        {
          start: (controller) => controller.enqueue(encoder.encode(sseComment('log'))),
          async pull(controller) {
            // Not before it is read: a stream that nobody takes must leave nothing behind.
            watching ??= watch(id)
            try {
              const { text, isOver } = await part(watching)
              if (isCancelled) return
              if (text) controller.enqueue(encoder.encode(text))
              if (!isOver) return
              watching.end()
              controller.close()
            } catch (error) {
              watching.end()
              throw error
            }
          },
          cancel() {
            isCancelled = true
            watching?.end()
          },
        },
        { highWaterMark: 1 },
      )
      const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', 'x-accel-buffering': 'no' }
      return new Response(body, { headers })
    },
    purge: queries.purge,
    /** Ends the streams of those who follow. */
    stop: () => stopping.abort(),
  }
}
export type RunLogs = ReturnType<typeof createRunLogs>
