import { type Clock, createId } from '../platform/clock.ts'
import type { Db } from '../platform/db/index.ts'
import { type ForeignDatabase, openForeign } from '../platform/db/open.ts'
import type { Log } from '../platform/log.ts'
import type { AreaRow, AreasRepository } from './areas.ts'
import type { AccountRow, CredentialsRepository } from './credentials/repository.ts'
import type { Credentials, WantedAccount } from './credentials/service.ts'
import { digest, isoOr, isTaskType, JOB_STATUSES, type JobStatus, meaningOfCommand, parseTime } from './fields.ts'
import { percentageOf } from './tasks/change.ts'
import { newProgress, type ProgressState, type StoredTask, UNTOUCHED } from './tasks/row.ts'
import type { TaskStore } from './tasks/store.ts'

/** A row of the earlier crawler, its columns found by name whatever their spelling: `full_path`, `fullPath`. */
interface OldRow {
  text(...names: string[]): string | null
  /** A time that was stored in seconds, milliseconds or as text. */
  time(...names: string[]): Date | null
  json(...names: string[]): unknown
}
const plain = (name: string) => name.toLowerCase().replaceAll('_', '')
/** Above it a number cannot be seconds: the year 5138. */
const SECONDS_BELOW = 100_000_000_000

const oldRow = (row: Record<string, unknown>): OldRow => {
  const values = new Map(Object.entries(row).map(([name, value]) => [plain(name), value]))
  const find = (names: string[]) => {
    for (const name of names) {
      const value = values.get(plain(name))
      if (value !== undefined && value !== null && value !== '') return value
    }
    return null
  }
  return {
    text(...names) {
      const value = find(names)
      return value === null ? null : value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : String(value)
    },
    time(...names) {
      const value = find(names)
      if (value === null) return null
      const number = typeof value === 'bigint' ? Number(value) : typeof value === 'number' ? value : Number(String(value))
      const ms = Number.isFinite(number) ? Math.round(number < SECONDS_BELOW ? number * 1000 : number) : parseTime(String(value))
      const at = new Date(ms ?? Number.NaN)
      // A number may be beyond all dates.
      return Number.isNaN(at.getTime()) ? null : at
    },
    json(...names) {
      const value = find(names)
      if (value === null) return null
      try {
        return JSON.parse(value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : String(value))
      } catch {
        return null
      }
    },
  }
}

/** Rows of a table that need not be there. */
const oldRows = function* (file: ForeignDatabase, table: string): Generator<OldRow> {
  if (!file.tables().includes(table)) return
  for (const row of file.rows(table)) yield oldRow(row)
}

const oldStatus = (text: string | null): JobStatus => {
  if (text === 'completed') return 'finished'
  return (JOB_STATUSES as readonly (string | null)[]).includes(text) ? (text as JobStatus) : 'failed'
}

const number = (value: unknown): number | null => (typeof value === 'number' && value >= 0 ? value : null)
const word = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)
const dictionary = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}

/** An old progress in today's shape; its other fields stay in the metadata. */
const oldProgress = (value: unknown, isComplete: boolean): ProgressState => {
  const old = dictionary(value)
  const items = Object.entries(dictionary(old.itemsByType)).filter(
    (entry): entry is [string, number] => number(entry[1]) !== null,
  )
  const processed = number(old.processedItems) ?? number(old.processed) ?? 0
  const given = number(old.totalItems) ?? number(old.total)
  // On the way 0 meant unknown, also in the earlier crawler.
  const total = given === 0 && !isComplete ? null : given
  return {
    ...newProgress(),
    processed,
    total,
    percentage: percentageOf(processed, total),
    currentStep: word(old.currentStep) ?? word(old.stage) ?? 'Task imported',
    message: word(old.message),
    error: word(old.error),
    metadata: dictionary(old.metadata),
    itemsByType: Object.fromEntries(items),
    currentDataType: word(old.currentDataType),
    lastProcessedId: word(old.lastProcessedId) ?? number(old.lastProcessedId),
    stage: word(old.stage),
    operationType: word(old.operationType),
  }
}
const originOf = (address: string | null): string =>
  address !== null && URL.canParse(address) && /^https?:/i.test(address) ? new URL(address).origin : ''

/** The mark of a finished import never ends. */
const FOREVER_MS = 253_402_300_799_999
const NO_INSTANCE = ''
const ACCOUNTS_AT_ONCE = 500

export interface Imported {
  tasks: number
  areas: number
  accounts: number
}

const addressOf = (job: OldRow) => job.text('gitlabGraphQLUrl', 'apiEndpoint')

/** `CRAWLER_IMPORT_DB`: tasks, areas and accounts of an earlier crawler, once; its file is only read (§15). */
export const createImport = ({
  db,
  clock,
  log,
  store,
  areas,
  accounts,
  credentials,
  maxAttempts,
}: {
  db: Db
  clock: Clock
  log: Log
  store: TaskStore
  areas: AreasRepository
  accounts: CredentialsRepository
  credentials: Credentials
  maxAttempts: number
}) => {
  /** The instance of each old account: that of its jobs, or that of its provider. */
  const instancesOf = (file: ForeignDatabase): Map<string, string> => {
    const found = new Map<string, string>()
    for (const job of oldRows(file, 'job')) {
      const account = job.text('accountId', 'account')
      const instance = originOf(addressOf(job))
      if (account !== null && instance !== '' && !found.has(account)) found.set(account, instance)
    }
    for (const account of oldRows(file, 'account')) {
      const id = account.text('id')
      const provider = account.text('providerId', 'provider') ?? ''
      if (id !== null && !found.has(id)) found.set(id, provider === 'gitlab-cloud' ? 'https://gitlab.com' : originOf(provider))
    }
    return found
  }
  const toTask = (job: OldRow, accountId: string, now: Date): StoredTask | undefined => {
    const id = job.text('id')
    const command = job.text('command') ?? ''
    if (id === null) return undefined
    const address = addressOf(job)
    const instance = originOf(address)
    const path = job.text('full_path', 'resourceId')
    const gitlabId = job.text('gitlab_id')
    const { type, resourceType } = meaningOfCommand(command, path !== null || gitlabId !== null)
    const createdAt = job.time('created_at') ?? now
    const status = oldStatus(job.text('status'))
    const branch = job.text('branch')
    const [from, to] = [job.time('from'), job.time('to')]
    const progress = oldProgress(job.json('progress'), status === 'finished')
    const resume = job.json('resume_state', 'resumeState')
    return {
      id,
      taskType: type,
      command,
      status,
      failureKind: status === 'failed' ? 'final' : null,
      leasable: isTaskType(type),
      fullPath: path,
      resourceKey: path === null ? null : digest(path),
      gitlabId,
      resourceType: job.text('resource_type') ?? resourceType ?? null,
      branch,
      fromDate: from,
      toDate: to,
      accountId,
      spawnedFrom: job.text('spawned_from'),
      spawnRun: null,
      spawnKey: null,
      duplicateKey: branch === null ? null : digest(address, path, branch, type),
      provider: instance === 'https://gitlab.com' ? 'gitlab-cloud' : 'gitlab-onprem',
      userId: job.text('userId'),
      apiEndpoint: address,
      instance,
      options: {
        resourceId: path ?? undefined,
        branch: branch ?? undefined,
        fromDate: isoOr(from),
        toDate: isoOr(to),
        outputFormat: 'json',
        includeMetadata: false,
      },
      rateLimits: null,
      ...UNTOUCHED,
      priority: 1,
      progress,
      resumeState:
        resume === null || (typeof resume === 'object' && Object.keys(resume).length === 0) ? null : JSON.stringify(resume),
      createdAt,
      startedAt: job.time('started_at'),
      finishedAt: job.time('finished_at'),
      updatedAt: job.time('updatedAt') ?? createdAt,
      activeAt: now,
      maxAttempts,
      availableAt: now,
    }
  }

  const read = (file: ForeignDatabase) => {
    const instances = instancesOf(file)
    const old = [...oldRows(file, 'account')].flatMap((row) => {
      const id = row.text('id')
      const accessToken = row.text('access_token')
      if (id === null) return []
      const wanted: WantedAccount | undefined =
        accessToken === null
          ? undefined
          : {
              instance: instances.get(id) ?? NO_INSTANCE,
              credentials: {
                accessToken,
                refreshToken: row.text('refresh_token') ?? undefined,
                expiresAt: row.time('access_token_expires_at', 'expiresAt')?.getTime(),
              },
            }
      return [{ id, wanted }]
    })
    return { instances, old, jobs: [...oldRows(file, 'job')] }
  }

  const copy = (file: ForeignDatabase): Promise<Imported | undefined> =>
    db.tx(function* (tx) {
      const now = clock.now()
      const mark = { key: digest('import of an earlier crawler'), taskId: null, bodyHash: null, expiresAt: FOREVER_MS, now }
      if ((yield* tx.run(store.repository.statements.takeReceipt, mark)).length === 0) return undefined
      const { instances, old, jobs } = read(file)
      const withToken = old.filter((account): account is { id: string; wanted: WantedAccount } => account.wanted !== undefined)
      const ids = yield* credentials.accountsFor(
        tx,
        withToken.map((account) => account.wanted),
        now,
      )
      const accountIds = new Map(withToken.map((account, n) => [account.id, ids[n] as string]))
      const nameless: AccountRow[] = []
      /** An account without a token: its tasks are there, and wait for credentials. */
      const empty = (instance: string): string => {
        const id = createId(clock)
        const [host, tokenHash] = [instance === '' ? '' : new URL(instance).host, digest('no token', id)]
        const none = { accessToken: null, refreshToken: null, clientId: null, clientSecret: null, expiresAt: null }
        const row = {
          id,
          providerId: host,
          instance,
          tokenHash,
          ...none,
          tokenType: 'oauth2' as const,
          version: 1,
          refusal: null,
        }
        nameless.push({ ...row, refreshOwner: null, refreshUntil: null, createdAt: new Date(now), updatedAt: new Date(now) })
        return id
      }
      for (const { id } of old) if (!accountIds.has(id)) accountIds.set(id, empty(instances.get(id) ?? NO_INSTANCE))
      const rows: StoredTask[] = []
      for (const job of jobs) {
        const account = job.text('accountId', 'account') ?? ''
        if (!accountIds.has(account)) accountIds.set(account, empty(originOf(addressOf(job))))
        const row = toTask(job, accountIds.get(account) as string, new Date(now))
        if (row) rows.push(row)
      }
      for (let from = 0; from < nameless.length; from += ACCOUNTS_AT_ONCE)
        yield* accounts.insert(tx, nameless.slice(from, from + ACCOUNTS_AT_ONCE))
      const inserted = yield* store.insert(tx, rows, now)

      // An area belongs to the instances of the jobs and accounts that have seen it.
      const known = new Map([...oldRows(file, 'area')].map((area) => [area.text('full_path') ?? '', area]))
      const byId = new Map([...known].map(([path, area]) => [area.text('id') ?? path, path]))
      const pathOf = (link: OldRow) => {
        const named = link.text('full_path', 'area_full_path', 'areaId', 'area')
        return named === null ? undefined : known.has(named) ? named : byId.get(named)
      }
      const instanceOfTask = new Map(rows.map((row) => [row.id, row.instance]))
      const made = new Map<string, AreaRow>()
      const taskLinks: { owner: string; account: string; key: string }[] = []
      const accountOfTask = new Map(rows.map((row) => [row.id, row.accountId]))
      const areaIn = (path: string, instance: string): string => {
        const area = known.get(path) as OldRow
        const key = digest(instance, path)
        made.set(key, {
          key,
          instance,
          fullPath: path,
          gitlabId: area.text('gitlab_id', 'id') ?? path,
          type: area.text('type') === 'project' ? 'project' : 'group',
          name: area.text('name') ?? path.slice(path.lastIndexOf('/') + 1),
          webUrl: area.text('web_url'),
          description: area.text('description'),
          parentPath: area.text('parent_path'),
          discoveredBy: null,
          createdAt: area.time('created_at') ?? new Date(now),
        })
        return key
      }
      for (const link of oldRows(file, 'job_area')) {
        const [task, path] = [link.text('jobId', 'job'), pathOf(link)]
        const instance = task === null ? undefined : instanceOfTask.get(task)
        if (task === null || path === undefined || instance === undefined || !inserted.has(task)) continue
        taskLinks.push({ owner: task, account: accountOfTask.get(task) as string, key: areaIn(path, instance) })
      }
      const accountLinks: { account: string; key: string }[] = []
      for (const link of oldRows(file, 'area_authorization')) {
        const [account, path] = [link.text('accountId', 'account'), pathOf(link)]
        const ours = account === null ? undefined : accountIds.get(account)
        if (account === null || path === undefined || ours === undefined) continue
        accountLinks.push({ account: ours, key: areaIn(path, instances.get(account) ?? NO_INSTANCE) })
      }
      const seen = new Set([...made.values()].map((area) => area.fullPath))
      const unlinked = [...known.keys()].filter((path) => !seen.has(path))
      for (const path of unlinked) areaIn(path, NO_INSTANCE)
      const areaRows = [...made.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
      const fresh = yield* areas.upsert(tx, areaRows)
      yield* areas.linkMany(tx, taskLinks, accountLinks)
      return { tasks: inserted.size, areas: fresh.size, accounts: accountIds.size }
    })

  return {
    /** Imports the file if no process has done so before; answers the numbers of imported rows, or undefined. @throws when it cannot be read */
    async once(path: string): Promise<Imported | undefined> {
      const file = openForeign(path)
      try {
        const imported = await copy(file)
        if (imported) log.info('imported an earlier crawler', { ...imported })
        return imported
      } finally {
        file.close()
      }
    },
  }
}
