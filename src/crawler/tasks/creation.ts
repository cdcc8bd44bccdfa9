import type { z } from 'zod'
import { hostPortOf } from '../../config.ts'
import { AppError } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import { type AnswerTable, createIdempotency, hashOfText, hashOfValue } from '../../platform/http/idempotency.ts'
import { cleanValue } from '../../platform/http/request.ts'
import type { Credentials } from '../credentials/service.ts'
import { type FieldProblem, invalidField, missingFields } from '../envelope.ts'
import { accept, commandOf, dateOr, digest, iso, PRIORITIES, storable } from '../fields.ts'
import { taskUpdate } from '../streams/hub.ts'
import { type BulkAnswer, bulkBody, type TaskData, type TaskView, taskData } from './model.ts'
import { newAt, type StoredTask, toTask } from './row.ts'
import { duplicateResource, type TaskStore } from './store.ts'

export interface CreationSettings {
  defaultApiEndpoint: string | undefined
  gitlabHosts: readonly string[]
  maxAttempts: number
}
/** The caller, and its Idempotency-Key. */
export interface Asking {
  principal: string
  key?: string
  /** The body as it came. */
  text: string
  /** The value of the body; needed with a key only. */
  body?: unknown
}

/** Answers kept under an Idempotency-Key (§7.4); the stored key is a digest of the caller, the request and the key. */
const KEPT: AnswerTable<unknown> = {
  table: 'crawler_receipts',
  identity: { key: 'text' },
  answer: { response: 'text' },
  pending: {},
  encode: (answer) => ({ response: JSON.stringify(answer) }),
  decode: ({ response }) => JSON.parse(response),
  time: 'bigint',
  hasCreatedAt: false,
}

const taskExists = (taskId: string) =>
  new AppError('TASK_EXISTS', 409, 'Task with this ID already exists', { details: { taskId } })
const isObject = (value: unknown): value is Record<string, any> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isAbsent = (value: unknown) => value === undefined || value === null || value === ''

const REQUIRED = ['id', 'type', 'credentials.accessToken'] as const
/** Checks the three required fields, before anything else is checked (§3 MISSING_FIELDS). */
const demandFields = (data: unknown): void => {
  const given = isObject(data) ? data : {}
  const credentials = isObject(given.credentials) ? given.credentials : {}
  const values = { id: given.id, type: given.type, 'credentials.accessToken': credentials.accessToken }
  const missing: FieldProblem[] = REQUIRED.filter((name) => isAbsent(values[name])).map((field) => ({
    field,
    message: 'is required',
  }))
  if (missing.length > 0) throw missingFields(missing, `Missing required fields: ${REQUIRED.join(', ')}`)
}

/** How tasks come to be (§6 TaskData, §7.4, §7.5). */
export const createCreation = ({
  db,
  clock,
  store,
  credentials,
  settings,
}: {
  db: Db
  clock: Clock
  store: TaskStore
  credentials: Credentials
  settings: CreationSettings
}) => {
  const { defaultApiEndpoint, gitlabHosts, maxAttempts } = settings
  const idempotency = createIdempotency(
    { db, clock },
    {
      kept: KEPT,
      conflict: () => new AppError('IDEMPOTENCY_CONFLICT', 409, 'Idempotency key was used with a different request'),
    },
  )
  type Keep<T> = (answer: T) => Steps<void>
  /** Runs `effect` in a transaction, once for all requests of the key; without a key each time. */
  const once = async <T>(
    what: 'create' | 'bulk',
    { principal, key, text, body }: Asking,
    effect: (tx: Tx, now: number, keep: Keep<T>) => Steps<T>,
  ): Promise<{ answer: T; replayed: boolean }> => {
    if (key === undefined)
      return db.tx(function* (tx) {
        return { answer: yield* effect(tx, clock.now(), function* () {}), replayed: false }
      })
    const keyed = {
      identity: { key: digest(`${what} ${principal}`, key) },
      fingerprint: { value: await hashOfValue(body), text: await hashOfText(JSON.stringify([text]), 'hex') },
    }
    return db.tx(function* (tx) {
      const { answer, replayed } = yield* idempotency.once(tx, keyed, (keep) => effect(tx, clock.now(), keep))
      return { answer: answer as T, replayed }
    })
  }

  /** @throws AppError 400 */
  const parse = (given: unknown): TaskData => {
    demandFields(given)
    const data = accept(taskData, given)
    const endpoint = data.apiEndpoint ?? defaultApiEndpoint
    if (endpoint !== undefined && gitlabHosts.length > 0 && !gitlabHosts.includes(hostPortOf(endpoint)))
      throw invalidField('apiEndpoint', 'host is not allowed')
    return data
  }
  const instanceOf = (endpoint: string | undefined) => (endpoint === undefined ? '' : new URL(endpoint).origin)

  const newRow = (data: TaskData, accountId: string, now: number): StoredTask => {
    const { options } = data
    const endpoint = data.apiEndpoint ?? defaultApiEndpoint
    const branch = options.branch ?? null
    const instance = instanceOf(endpoint)
    return {
      id: data.id,
      taskType: data.type,
      command: commandOf(data.type),
      status: 'queued',
      failureKind: null,
      leasable: true,
      fullPath: options.resourceId ?? null,
      resourceKey: options.resourceId === undefined ? null : digest(options.resourceId),
      gitlabId: null,
      resourceType: options.resourceType ?? null,
      branch,
      fromDate: dateOr(options.fromDate),
      toDate: dateOr(options.toDate),
      accountId,
      spawnedFrom: null,
      spawnRun: null,
      spawnKey: null,
      duplicateKey: branch === null ? null : digest(endpoint, options.resourceId, branch, data.type),
      provider: instance !== '' && new URL(instance).hostname === 'gitlab.com' ? 'gitlab-cloud' : 'gitlab-onprem',
      userId: null,
      apiEndpoint: endpoint ?? null,
      instance,
      options: {
        ...options,
        fromDate: options.fromDate === undefined ? undefined : iso(options.fromDate),
        toDate: options.toDate === undefined ? undefined : iso(options.toDate),
      },
      rateLimits: data.rateLimits ?? null,
      ...newAt(now),
      priority: PRIORITIES.indexOf(data.priority),
      maxAttempts,
    }
  }

  /** Inserts tasks; for those left out the answer has the reason. The caller emits the events, at the end of its transaction. */
  function* insert(tx: Tx, list: TaskData[], now: number): Steps<(StoredTask | AppError)[]> {
    const accounts = yield* credentials.accountsFor(
      tx,
      list.map((data) => ({ instance: instanceOf(data.apiEndpoint ?? defaultApiEndpoint), credentials: data.credentials })),
      now,
    )
    const rows = list.map((data, n) => newRow(data, accounts[n] as string, now))
    const firsts = new Map<string, StoredTask>()
    for (const row of rows) if (!firsts.has(row.id)) firsts.set(row.id, row)
    const inserted = yield* store.insert(tx, [...firsts.values()], now)
    const left = [...firsts.keys()].filter((id) => !inserted.has(id))
    const existing = new Set<string>()
    if (left.length > 0)
      for (const { id } of yield* tx.run(store.repository.statements.existing, { ids: JSON.stringify(left) })) existing.add(id)
    return rows.map((row) => {
      if (firsts.get(row.id) !== row || existing.has(row.id)) return taskExists(row.id)
      return inserted.has(row.id) ? row : duplicateResource()
    })
  }

  return {
    parse,
    /**
     * Creates one task from `data` (§7.4).
     * @throws AppError 400; 409 TASK_EXISTS, DUPLICATE_RESOURCE, IDEMPOTENCY_CONFLICT
     */
    create(given: unknown, asking: Asking): Promise<{ answer: { data: TaskView; message: string }; replayed: boolean }> {
      const data = storable(parse(given), asking.text)
      return once('create', asking, function* (tx, now, keep) {
        const [made] = yield* insert(tx, [data], now)
        if (!made || made instanceof AppError) throw made
        const answer = { data: toTask(made), message: 'Task created successfully' }
        yield* keep(answer)
        yield* store.emit(tx, [taskUpdate(made.id, 'created', now)], now)
        return answer
      })
    },
    /**
     * Creates many (§7.5): each on its own, in one transaction.
     * @throws AppError 400 when the list itself is none; 409 IDEMPOTENCY_CONFLICT
     */
    async createMany(body: unknown, asking: Asking): Promise<{ answer: BulkAnswer; replayed: boolean }> {
      const { tasks }: z.output<typeof bulkBody> = accept(bulkBody, body)
      const suspicious = asking.text.includes('\\u')
      const items = tasks.map((item): TaskData | AppError => {
        const wrapped = isObject(item) && isObject(item.data) && item.id === undefined
        try {
          const data = parse(wrapped ? (item as Record<string, unknown>).data : item)
          return suspicious ? (cleanValue(data) as TaskData) : data
        } catch (error) {
          if (error instanceof AppError) return error
          throw error
        }
      })
      const idOf = (n: number): string | null => {
        const item = tasks[n] as any
        const id = isObject(item) ? (item.id ?? item.data?.id) : undefined
        return typeof id === 'string' ? id : Number.isInteger(id) ? String(id) : null
      }
      return once('bulk', asking, function* (tx, now, keep) {
        const valid = items.filter((item): item is TaskData => !(item instanceof AppError))
        const made = yield* insert(tx, valid, now)
        let next = 0
        const data: BulkAnswer['data'] = items.map((item, index) => {
          const outcome = item instanceof AppError ? item : (made[next++] as StoredTask | AppError)
          if (outcome instanceof AppError)
            return {
              index,
              id: idOf(index),
              status: outcome.status as 400 | 409,
              error: outcome.message,
              code: outcome.code,
              fields: outcome.details?.fields as FieldProblem[] | undefined,
            }
          return { index, id: outcome.id, status: 201, data: toTask(outcome) }
        })
        const rows = made.filter((one): one is StoredTask => !(one instanceof AppError))
        const answer: BulkAnswer = {
          data,
          meta: { total: items.length, created: rows.length, failed: items.length - rows.length },
        }
        yield* keep(answer)
        yield* store.emit(
          tx,
          rows.map((row) => taskUpdate(row.id, 'created', now)),
          now,
        )
        return answer
      })
    },
  }
}
export type Creation = ReturnType<typeof createCreation>
