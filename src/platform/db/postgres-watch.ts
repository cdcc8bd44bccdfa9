import { Socket } from 'node:net'
import { AppError, databaseProblem } from '../../errors.ts'

/** How long a statement may wait, and every connection be silent, before the server is probed. Milliseconds. */
export const DOUBT_MS = 1000
/** How long one question waits for a sign of the server. */
const PROBE_MS = 1500
/** Between two questions when the first was refused. */
const AGAIN_MS = 150
const LOOK_MS = 250
/** Milliseconds. A look that is later than this means that this process or the machine is busy: the time does not count. */
const LATE_MS = 2 * LOOK_MS
/** How long something may still wait once the server is known to be away and silent connections have been cut. */
const LOST_MS = 1500
/** Above the server's own limit of a statement: a connection that is silent for longer has lost its other end. */
const SILENCE_MARGIN_MS = 5000

/** Has the error code of the driver, so that `databaseProblem` recognises it. */
class DatabaseAway extends Error {
  readonly code = 'CONNECTION_CLOSED'
  constructor() {
    super('the database does not answer')
  }
}

/** Has the driver's code for a lost connection too, but is news: unlike `DatabaseAway` it comes from the other side. */
class EndedWithoutByte extends Error {
  readonly code = 'CONNECTION_CLOSED'
  constructor() {
    super('the connection was ended before its first byte')
  }
}

/** The driver's parameters of a new socket. */
export interface Address {
  host: string[]
  port: number[]
  path?: string | null
}
export interface WatchOptions {
  /** Probes the server over a connection of its own, made with `connect`; rejects when it is refused. `signal` ends it. */
  probe(connect: (address: Address) => Socket, signal: AbortSignal): Promise<void>
  statementTimeoutMs: number
  doubtMs: number
  now?(): number
  /** Calls `look` every `ms` until its answer is called. */
  every?(look: () => void, ms: number): () => void
}

/**
 * Failure detector of the database. TCP alone waits a quarter of an hour for a server that vanished silently (a cable, a firewall,
 * a frozen host); a server that is merely slow must not be taken for one. So what counts is evidence of absence, found twice in a row:
 * - refused: a new connection is refused, reset, or ended without a byte (a proxy before a server that is gone), or the server says that it
 *   is starting or stopping, and no connection brings a byte;
 * - silent: something waits and not one byte has come over any connection, those of the questions included, while this process ran on time.
 *
 * Then the server is away: silent connections are cut, so that waiting queries fail, and new work is refused until a probe is
 * answered. All times but `now` are milliseconds during which this process ran on time.
 */
export const createWatch = ({
  probe,
  statementTimeoutMs,
  doubtMs,
  now = performance.now.bind(performance),
  every = everyUnreferenced,
}: WatchOptions) => {
  const sockets = new Map<Socket, { read: number; readAt: number; isProbe: boolean }>()
  /** Start times of what is under way, oldest first, and what makes it fail from here. */
  const underWay = new Set<{ at: number; giveUp: (() => void) | undefined }>()
  let calm = 0
  let lookedAt = now()
  /** When the pool, and when anything, last brought a byte or an answer. */
  let poolReadAt = 0
  let readAt = 0
  let away = false
  let awayAt = 0
  let examining = false
  let stopped = false
  let stopLooking: (() => void) | undefined
  /** Called by each look, while something waits for time to pass. */
  const waiters = new Set<() => void>()

  const listen = () => {
    for (const [socket, seen] of sockets) {
      if (socket.bytesRead === seen.read) continue
      seen.read = socket.bytesRead
      seen.readAt = readAt = calm
      if (!seen.isProbe) poolReadAt = calm
    }
  }
  const cutSilentFor = (ms: number) => {
    for (const [socket, seen] of sockets) if (!seen.isProbe && calm - seen.readAt > ms) socket.destroy(new DatabaseAway())
  }
  /**
   * Makes fail what still waits after the cuts, when everything that the driver knows of has failed: it has been seen to leave a query
   * neither answered nor refused.
   */
  const giveUpLost = () => {
    for (const entry of underWay)
      if (calm - Math.max(entry.at, awayAt) > doubtMs + LOST_MS) {
        underWay.delete(entry)
        entry.giveUp?.()
      }
  }
  /** Resolves once this process has run on time for `ms`. */
  const calmFor = async (ms: number) => {
    const until = calm + ms
    while (calm < until && !stopped) await new Promise<void>((resolve) => waiters.add(resolve))
  }

  const ask = async (): Promise<'answered' | 'refused' | 'silent'> => {
    const timeout = new AbortController()
    try {
      return await Promise.race([
        probe((address) => open(address, true), timeout.signal).then(
          () => 'answered' as const,
          // An error from the server is an answer, unless it means that the server is not available.
          (error) => (isRefusal(error) ? ('refused' as const) : ('answered' as const)),
        ),
        calmFor(PROBE_MS).then(() => 'silent' as const),
      ])
    } finally {
      timeout.abort()
    }
  }
  /** Whether a question finds the server absent. */
  const isAbsent = async (): Promise<boolean> => {
    listen()
    const [pool, any] = [poolReadAt, readAt]
    const verdict = await ask()
    if (verdict === 'answered') readAt = calm
    listen()
    return verdict === 'refused' ? poolReadAt === pool : verdict === 'silent' && readAt === any
  }
  const examine = async () => {
    if (examining || stopped) return
    examining = true
    keepLooking()
    let absent = await isAbsent()
    if (absent && !away) {
      await calmFor(AGAIN_MS)
      absent = await isAbsent()
    }
    if (absent && !away) awayAt = calm
    away = absent
    if (away) cutSilentFor(doubtMs)
    examining = false
  }
  const keepLooking = () => {
    if (stopLooking !== undefined || stopped) return
    lookedAt = now()
    stopLooking = every(look, LOOK_MS)
  }
  const look = () => {
    const elapsed = now() - lookedAt
    lookedAt = now()
    // Bytes may have come that a late process has not read yet: such time is no evidence.
    if (elapsed < LATE_MS) calm += elapsed
    listen()
    for (const wake of waiters) wake()
    waiters.clear()
    const [oldest] = underWay
    if (!away && !examining && oldest === undefined) {
      stopLooking?.()
      stopLooking = undefined
      return
    }
    const waits = oldest === undefined ? 0 : calm - oldest.at
    if (away) {
      cutSilentFor(doubtMs)
      giveUpLost()
    } else if (waits > statementTimeoutMs + SILENCE_MARGIN_MS) cutSilentFor(statementTimeoutMs + SILENCE_MARGIN_MS)
    if (away || (waits > doubtMs && calm - readAt > doubtMs)) void examine()
  }

  const open = ({ host, port, path }: Address, isProbe: boolean): Socket => {
    const socket = new Socket()
    sockets.set(socket, { read: 0, readAt: calm, isProbe })
    socket.once('close', () => sockets.delete(socket))
    // The user of a socket learns of its failure from its own listener, if it has one; without any the process would end.
    socket.on('error', () => {})
    // The driver takes such an end for no error: it would connect again at once, more than a thousand times a second, and no query would fail.
    socket.once('end', () => {
      if (socket.bytesRead === 0) socket.destroy(new EndedWithoutByte())
    })
    if (!isProbe) {
      // Refused, reset or ended: probe now, so that the next query fails at once and not after all waiting ones.
      socket.once('error', (error) => {
        if (!(error instanceof DatabaseAway)) void examine()
      })
      if (away) {
        // By then the driver listens. It retries with the next waiting query, so that all of them fail soon.
        setImmediate(() => socket.destroy(new DatabaseAway()))
        return socket
      }
    }
    return path ? socket.connect(path) : socket.connect(port[0] as number, host[0] as string)
  }

  return {
    /** Opens a socket for the driver. Bytes written before it is connected are sent afterwards. */
    connect: (address: Address): Socket => open(address, false),
    /**
     * Notes that something waits for the server. The answer is to be called when it does not any more, with whether the server has
     * answered it. `fail` makes it fail: called when the server is away and the driver has lost it. @throws when the server is away
     */
    begin(fail?: (error: Error) => void): (isAnswered?: boolean) => void {
      if (away) throw new DatabaseAway()
      const entry = { at: calm, giveUp: fail && (() => fail(new DatabaseAway())) }
      underWay.add(entry)
      keepLooking()
      return (isAnswered = false) => {
        underWay.delete(entry)
        if (isAnswered) poolReadAt = readAt = calm
      }
    },
    stop() {
      stopped = true
      stopLooking?.()
      for (const wake of waiters) wake()
    },
  }
}
export type Watch = ReturnType<typeof createWatch>

/** Whether the error of a probe means that no server is there: any error but the answer of a server that accepts connections. */
const isRefusal = (error: unknown): boolean => {
  const { name, code } = error as { name?: string; code?: unknown }
  if (name !== 'PostgresError') return true
  // Too many connections is a sign of life; starting up and shutting down are not.
  return code !== '53300' && databaseProblem(error) === 'unreachable'
}

/** The timer must not keep a process alive that has nothing else to do. */
const everyUnreferenced = (look: () => void, ms: number) => {
  const timer = setInterval(look, ms)
  timer.unref()
  return () => clearInterval(timer)
}

/** Ends of transactions from which the rate is known. */
const LEAST_ENDS = 16
const MOST_ENDS = 64
const MAX_RETRY_SECONDS = 60

export interface AdmissionOptions {
  /** Transactions that run at once; more wait. */
  places: number
  /** Longest wait that is worth beginning, ms. */
  limitMs: number
  /** Monotonic, ms. */
  now?: () => number
}

/**
 * Refuses new transactions while more wait than the database serves within a limit: such a request gets 503 with Retry-After at once,
 * and those that wait already are served. The rate is measured while there is a queue, so that a slow database is slow and not down
 * (architecture §8).
 */
export const createAdmission = ({ places, limitMs, now = () => performance.now() }: AdmissionOptions) => {
  let open = 0
  /** When transactions ended since the queue began, the newest last. */
  let ends: number[] = []

  return {
    /** @throws AppError 503 with Retry-After, when the wait would be longer than the limit */
    begin(): void {
      const [first] = ends
      if (first !== undefined && ends.length >= LEAST_ENDS) {
        const waitMs = ((open - places + 1) * (now() - first)) / (ends.length - 1)
        if (waitMs > limitMs) {
          const seconds = Math.min(MAX_RETRY_SECONDS, Math.max(1, Math.ceil((waitMs - limitMs) / 1000)))
          throw new AppError('unavailable', 503, 'More requests wait than can be served in time', {
            headers: { 'retry-after': String(seconds) },
          })
        }
      }
      open++
    },
    end(): void {
      open--
      if (open < places) ends = []
      else {
        ends.push(now())
        if (ends.length > MOST_ENDS) ends.shift()
      }
    },
    /** Transactions that run or wait. */
    open: () => open,
  }
}
