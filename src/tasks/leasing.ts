import { createBatcher } from '../platform/batcher.ts'
import type { Steps, Tx } from '../platform/db/index.ts'
import { createBrokerLeasing } from './broker-queue.ts'
import type { EngineContext } from './context.ts'
import { type Candidate, createGroupCaps, taskOf } from './lease-statements.ts'
import type { NewTask, Task, Transition } from './model.ts'
import type { Reaper } from './reaper.ts'

/** Tasks that one transaction leases for several callers; a single one may ask for more. */
const MAX_BATCH = 400
/** Looked at once more when groups with a cap take places in a lease that others could have. */
const SECOND_LOOK = 1000
/** How often a lease is tried anew because domains withheld all it took. */
const WITHHELD_MAX = 5
/** How often a lease is tried anew because other statements had locked all that was ready. */
const MISSED_MAX = 4
/** How often a lease is tried anew because messages leave faster than it withdraws them. */
const ALREADY_SENT_MAX = 5

/** Leases have run out that are to be ended before others are taken. */
class ExpiredLeasesError extends Error {}
/** A message began to leave while its task was being leased. */
class MessageAlreadySentError extends Error {}

export interface LeaseRequest {
  owner: string
  kinds: string[]
  max: number
  leaseMs: number
  /** Only these sites' tasks, and not those. Tasks without a site are leased either way. */
  siteKeys?: readonly string[]
  excludeSiteKeys?: readonly string[]
  /** For the hooks `provide` and `leased` of the kinds. */
  context?: unknown
}

/** Leases, the one way to a task for every kind: in batches of concurrent callers, hooks included (gifty §4). */
export const createLeasing = (context: EngineContext, { reapExpired }: Pick<Reaper, 'reapExpired'>) => {
  const {
    db,
    policies,
    statements,
    brokerQueue,
    policyOf,
    nowDate,
    knownKinds,
    clockWatch,
    insert,
    lockTasks,
    transition,
    noteChanges,
    random,
  } = context
  const caps = createGroupCaps(db, statements)
  const noteLeased = (tasks: readonly Task[]) => {
    const now = nowDate().getTime()
    noteChanges(
      tasks.map(({ id, kind, runAfter }) => ({ id, kind, state: 'leased', waitedMs: Math.max(0, now - runAfter.getTime()) })),
    )
  }

  /** Tasks that domains make for this lease only, so that rows by the hundred thousand need none before they are wanted. */
  function* provide(tx: Tx, requests: readonly LeaseRequest[], now: Date): Steps<string[]> {
    const max = sum(requests)
    const contexts = requests.map((request) => request.context)
    const news: NewTask[] = []
    // bounded: by the kinds
    for (const kind of requests[0]?.kinds ?? []) {
      const hook = policies.get(kind)?.provide
      if (hook) news.push(...(yield* hook(tx, max, now, contexts)))
    }
    return yield* insert(tx, news, now)
  }
  /** Deletes what was provided and not leased: others went before it. */
  function* deleteProvided(tx: Tx, provided: string[], leased: readonly Task[]): Steps<void> {
    const taken = new Set(leased.map((task) => task.id))
    const left = provided.filter((id) => !taken.has(id))
    if (left.length > 0) yield* tx.run(statements.remove, { ids: left })
  }

  /** How the statements of a batch are made, and their parameters. */
  const shapeOf = (requests: readonly LeaseRequest[], now: Date) => {
    const [{ kinds, siteKeys, excludeSiteKeys }] = requests as [LeaseRequest]
    const bySite = siteKeys !== undefined || (excludeSiteKeys?.length ?? 0) > 0
    const params: Record<string, unknown> = { now, known: knownKinds(), max: sum(requests) }
    if (bySite) Object.assign(params, { sites: siteKeys ?? null, otherSites: excludeSiteKeys ?? [] })
    const shapes = kinds.map((kind) => ({ ageing: policyOf(kind).ageing, announced: brokerQueue.queueOf(kind) !== undefined }))
    const plain = kinds.filter((_, n) => !shapes[n]?.announced)
    Object.assign(params, { plain, ageing: plain.map((kind) => policyOf(kind).ageing) })
    kinds.forEach((kind, n) => {
      params[`kind${n}`] = kind
      if (shapes[n]?.announced) params[`queue${n}`] = brokerQueue.queueOf(kind)
    })
    const hooks = context.statementHooks('leased', kinds)
    return { kinds, params, shape: { kinds: shapes, bySite, withoutBlocked: false, hooks } }
  }

  /**
   * Leases the candidates of a batch in one statement, in lease order, with the hooks that are part of it. Undefined where that is not to be
   * done: on SQLite, where two cost no more, or where a group with a cap is among the candidates. `expired`: leases have run out.
   * `missed`: others have locked all that is ready.
   */
  function* takeAtOnce(tx: Tx, requests: readonly LeaseRequest[], now: Date): Steps<Task[][] | 'expired' | 'missed' | undefined> {
    if (!statements.takeReady) return undefined
    const { params, shape } = shapeOf(requests, now)
    const takers = takersOf(requests)
    const owners = takers.map(({ owner }) => owner)
    const lengths = takers.map(({ leaseMs }) => leaseMs)
    const rows = yield* tx.run(statements.takeReady(shape), { ...params, owners, lengths })
    if (rows[0]?.expired) return 'expired'
    if (rows[0]?.capped) return undefined
    if (rows[0]?.missed) return 'missed'
    const leased = new Map(requests.map((request) => [request, [] as Task[]]))
    for (const { tasks } of rows)
      for (const taken of tasks ?? []) {
        const request = takers[taken[17] - 1] as LeaseRequest
        leased.get(request)?.push(taskOf(taken, request.owner, request.leaseMs, now))
      }
    return requests.map((request) => leased.get(request) as Task[])
  }

  /**
   * The candidates of a batch, locked, in lease order and within the caps of their groups.
   * @throws ExpiredLeasesError where leases have run out, unless `mayBeExpired`
   */
  function* choose(
    tx: Tx,
    requests: readonly LeaseRequest[],
    now: Date,
    { mayBeExpired, among }: { mayBeExpired: boolean; among?: string[] },
  ): Steps<Candidate[]> {
    const { kinds, params, shape: plain } = shapeOf(requests, now)
    const max = sum(requests)
    const look = (most: number, blocked?: readonly string[]) => {
      const shape = { ...plain, withoutBlocked: blocked !== undefined }
      const given = { ...params, max: most, blocked }
      return among
        ? tx.run(statements.candidatesAmong(shape), { ...given, ids: among, kinds })
        : tx.run(statements.candidates(shape), given)
    }
    const rows = yield* look(max)
    if (rows[0]?.expired && !mayBeExpired) throw new ExpiredLeasesError()
    const found = rows.filter((row) => row.id !== null)
    if (!rows[0]?.capped) return found
    const within = yield* caps.within(tx, found, max)
    if (within.full.size === 0 || found.length < max) return within.chosen
    // Groups that are full now took places of others: once more without them, far enough to fill the lease.
    const more = yield* look(Math.max(SECOND_LOOK, max), [...within.full])
    const chosen = new Set(within.chosen.map((row) => row.id))
    const others = more.filter((row) => row.id !== null && !chosen.has(row.id))
    return (yield* caps.within(tx, [...within.chosen, ...others], max, 'skip locked')).chosen
  }

  /** Leases candidates for the requests, which are served in the order they came. Answers the tasks of each. */
  function* take(tx: Tx, requests: readonly LeaseRequest[], chosen: readonly Candidate[], now: Date): Steps<Task[][]> {
    if (chosen.length === 0) return requests.map(() => [])
    const takers = takersOf(requests)
    const items = chosen.map(({ id }, n) => {
      const { owner, leaseMs } = takers[n] as LeaseRequest
      return { id, owner, until: now.getTime() + leaseMs, ms: leaseMs }
    })
    const leased = new Map((yield* tx.run(statements.take, { items: JSON.stringify(items), now })).map((task) => [task.id, task]))
    const answers = new Map(requests.map((request) => [request, [] as Task[]]))
    chosen.forEach(({ id }, n) => {
      const task = leased.get(id as string)
      if (task) answers.get(takers[n] as LeaseRequest)?.push(task)
    })
    return requests.map((request) => answers.get(request) as Task[])
  }

  /**
   * Domains change their rows, and may withhold tasks; those whose hook was part of the statement (`inStatement`) have done so. Answers the
   * tasks of each request that are handed out.
   */
  function* runLeasedHooks(
    tx: Tx,
    requests: readonly LeaseRequest[],
    leased: Task[][],
    now: Date,
    inStatement = false,
  ): Steps<Task[][]> {
    const hookOf = (kind: string) => (inStatement && policyOf(kind).inStatement?.leased ? undefined : policyOf(kind).leased)
    const contexts = new Map(leased.flatMap((group, n) => group.map((task) => [task.id, requests[n]?.context])))
    const withheld = new Map<string, Transition>()
    // bounded: by the hooks; kinds that share one hear of all their tasks at once
    for (const [hook, group] of Map.groupBy(leased.flat(), (task) => hookOf(task.kind))) {
      const moves = hook && (yield* hook(tx, group, now, (task) => contexts.get(task.id)))
      for (const [id, { change, ...move }] of moves ?? []) withheld.set(id, { id, ...move })
    }
    if (withheld.size === 0) return leased
    yield* transition(tx, [...withheld.values()], now)
    return leased.map((group) => group.filter((task) => !withheld.has(task.id)))
  }

  /** Whether a lease of the kind is more than its statement: domains or messages have a part in it. */
  const takesPart = (kind: string) => {
    const { provide, leased, inStatement } = policyOf(kind)
    return provide !== undefined || (leased !== undefined && !inStatement?.leased) || brokerQueue.queueOf(kind) !== undefined
  }
  /** What a batch comes to; `hasWithheld` when tasks were taken and none could be handed out. */
  interface Together {
    leased: Task[][]
    hasWithheld: boolean
  }
  /** One transaction for all requests of a batch, after another one where leases have run out. */
  const leaseOnce = async (requests: readonly LeaseRequest[]): Promise<Together | 'missed'> => {
    const isAlone = statements.takeReady !== undefined && !requests[0]?.kinds.some(takesPart)
    const leased = isAlone && (await db.autocommit((tx) => takeAtOnce(tx, requests, nowDate())))
    if (leased === 'missed') return leased
    if (leased && leased !== 'expired') return { leased, hasWithheld: false }
    if (leased !== 'expired')
      try {
        return await leaseWithHooks(requests, { atOnce: !isAlone, mayBeExpired: false })
      } catch (error) {
        if (!(error instanceof ExpiredLeasesError)) throw error
      }
    // In a transaction of its own: what domains lock for the ended leases and then for the new ones would not be in the order of their keys.
    await db.tx((tx) => reapExpired(tx, nowDate()))
    return leaseWithHooks(requests, { atOnce: false, mayBeExpired: true })
  }
  /**
   * Leases for all requests of a batch. A lease locks the first tasks of each kind and priority, and passes over what others have
   * locked: two processes at once would leave tasks that neither takes, until a sweep finds them.
   */
  const leaseTogether = async (requests: readonly LeaseRequest[]): Promise<Together> => {
    for (let attempt = 1; ; attempt++) {
      const answer = await leaseOnce(requests)
      if (answer !== 'missed') {
        noteLeased(answer.leased.flat())
        return answer
      }
      if (attempt === MISSED_MAX) return { leased: requests.map(() => []), hasWithheld: false }
      // The others hold their locks until they have committed.
      await Bun.sleep(2 ** attempt * 5 * random())
    }
  }
  const leaseWithHooks = (
    requests: readonly LeaseRequest[],
    { atOnce, mayBeExpired }: { atOnce: boolean; mayBeExpired: boolean },
  ): Promise<Together | 'missed'> =>
    db.tx(function* (tx) {
      const now = nowDate()
      const provided = yield* provide(tx, requests, now)
      const taken = atOnce ? yield* takeAtOnce(tx, requests, now) : undefined
      if (taken === 'expired') throw new ExpiredLeasesError()
      if (taken === 'missed') {
        yield* deleteProvided(tx, provided, [])
        return taken
      }
      const leased = taken ?? (yield* take(tx, requests, yield* choose(tx, requests, now, { mayBeExpired }), now))
      const all = leased.flat()
      // Thrown, not skipped: the transaction has leased it already.
      if ((yield* brokerQueue.withdrawMessages(tx, all)).length > 0) throw new MessageAlreadySentError()
      yield* deleteProvided(tx, provided, all)
      const handed = yield* runLeasedHooks(tx, requests, leased, now, taken !== undefined)
      return { leased: handed, hasWithheld: all.length > 0 && handed.every((group) => group.length === 0) }
    })
  const leaseInBatch = createBatcher<LeaseRequest, { leased: Task[]; hasWithheld: boolean }>({
    keyOf: ({ kinds, siteKeys, excludeSiteKeys }) => JSON.stringify([kinds, siteKeys ?? null, excludeSiteKeys ?? null]),
    fits: (batch, { max }) => sum(batch) + max <= MAX_BATCH,
    async run(requests) {
      const { leased, hasWithheld } = await leaseTogether(requests)
      return leased.map((group) => ({ leased: group, hasWithheld }))
    },
  })
  /** Leases from the table, past the broker's queues. */
  const leaseFromTable = async (request: LeaseRequest): Promise<Task[]> => {
    const asked = { ...request }
    let withheld = 0
    for (let attempt = 1; ; attempt++)
      try {
        const { leased, hasWithheld } = await leaseInBatch(asked)
        if (!hasWithheld || ++withheld === WITHHELD_MAX) return leased
      } catch (error) {
        if (!(error instanceof MessageAlreadySentError)) throw error
        // Each time another message has left; should that go on, the kinds without messages are enough for now.
        if (attempt >= ALREADY_SENT_MAX) asked.kinds = asked.kinds.filter((kind) => brokerQueue.queueOf(kind) === undefined)
        if (asked.kinds.length === 0) return []
      }
  }

  /** Leases those of the named tasks that wait; `gone` are those that do not, whose messages are of no use any more. */
  const leaseByIds = (ids: string[], request: LeaseRequest): Promise<{ leased: Task[]; gone: Set<string> }> =>
    db.tx(function* (tx) {
      const now = nowDate()
      const found = yield* lockTasks(tx, ids)
      const waiting = ids.filter((id) => found.get(id)?.state === 'queued')
      const chosen = waiting.length > 0 ? yield* choose(tx, [request], now, { mayBeExpired: true, among: waiting }) : []
      const leased = yield* take(tx, [request], chosen, now)
      yield* brokerQueue.forgetMessages(tx, leased.flat())
      const [handed = []] = yield* runLeasedHooks(tx, [request], leased, now)
      tx.afterCommit(() => noteLeased(handed))
      const waits = new Set(waiting)
      return { leased: handed, gone: new Set(ids.filter((id) => !waits.has(id))) }
    })
  const leaseFromBroker = createBrokerLeasing(brokerQueue, leaseByIds)

  /**
   * Leases up to `max` tasks in lease order: by priority, raised by one for each minute waited (at most 100), then the longest waiting. Of
   * announced kinds first those whose messages wait in the broker, in the order of the queue, then those whose messages have not left.
   */
  const lease = async (request: LeaseRequest): Promise<Task[]> => {
    // A kind asked for twice would fill the places of the lease twice; one that this process does not know has no tasks here.
    const kinds = [...new Set(request.kinds)].filter((kind) => policies.has(kind))
    if (kinds.length === 0 || request.max < 1) return []
    await clockWatch.settle()
    const asked = { ...request, kinds }
    const first = await leaseFromBroker(asked)
    if (first.length >= asked.max) return first
    try {
      return [...first, ...(await leaseFromTable({ ...asked, max: asked.max - first.length }))]
    } catch (error) {
      // Tasks leased from the broker stay leased if the table cannot be read.
      if (first.length > 0) return first
      throw error
    }
  }

  /**
   * Leases for callers that ask for the same tasks (kinds and sites), in their order, as many of them as one transaction serves: each gets
   * what those before it have left. Answers those callers' tasks, at least one caller's; of announced kinds no more than that.
   */
  const leaseInOrder = async (requests: readonly [LeaseRequest, ...LeaseRequest[]]): Promise<Task[][]> => {
    const [first] = requests
    const kinds = first.kinds.filter((kind) => policies.has(kind))
    const batch = [first]
    if (!kinds.some((kind) => brokerQueue.queueOf(kind) !== undefined))
      for (const request of requests.slice(1)) {
        if (sum(batch) + request.max > MAX_BATCH) break
        batch.push(request)
      }
    if (batch.length === 1 || kinds.length === 0) return [await lease(first)]
    await clockWatch.settle()
    const { leased } = await leaseTogether(batch.map((request) => ({ ...request, kinds: [...new Set(kinds)] })))
    return leased
  }

  return { lease, leaseInOrder }
}

/** Who takes the task at each place of a batch. */
const takersOf = (requests: readonly LeaseRequest[]) =>
  requests.flatMap((request) => Array<LeaseRequest>(request.max).fill(request))
const sum = (requests: readonly LeaseRequest[]) => requests.reduce((total, { max }) => total + max, 0)
