import { Socket } from 'node:net'

/** How long something waits for the server before it is asked whether it is still there, and how long it may take to say so. */
export const DOUBT_MS = 1000
const PROBE_MS = 1500
const LOOK_MS = 250
/** Above the server's own limit of a statement: a connection that is silent for longer has lost its other end. */
const SILENCE_MARGIN_MS = 5000

/** As the driver names it, so that the one door from unknown errors knows what it means. */
class DatabaseAway extends Error {
  readonly code = 'CONNECTION_CLOSED'
  constructor() {
    super('the database does not answer')
  }
}

export interface WatchOptions {
  /** Asks the server over a connection of its own; rejects when it does not answer. */
  probe(): Promise<void>
  statementTimeoutMs: number
  doubtMs: number
  now?(): number
}

/**
 * Tells a slow statement from a server that has gone without a word (a cable, a firewall, a frozen host): TCP alone waits a quarter
 * of an hour for the second, with every connection of the pool. What has waited for a second brings a probe; if that fails, all
 * connections are cut, those who wait hear of it, and new work is refused at once until a probe is answered.
 */
export const createWatch = ({ probe, statementTimeoutMs, doubtMs, now = performance.now.bind(performance) }: WatchOptions) => {
  const sockets = new Map<Socket, { read: number; heardAt: number }>()
  /** When what is under way began, oldest first. */
  const underWay = new Set<{ at: number }>()
  let away = false
  let probing = false
  let stopped = false
  let timer: ReturnType<typeof setInterval> | undefined

  const cut = (silentSince: number) => {
    for (const [socket, { heardAt }] of sockets) if (heardAt <= silentSince) socket.destroy()
  }
  const answers = async (): Promise<boolean> => {
    let late: ReturnType<typeof setTimeout> | undefined
    try {
      return await Promise.race([
        probe().then(() => true),
        new Promise<boolean>((resolve) => {
          late = setTimeout(resolve, PROBE_MS, false)
        }),
      ])
    } catch {
      return false
    } finally {
      clearTimeout(late)
    }
  }
  const examine = async () => {
    if (probing) return
    probing = true
    away = !(await answers())
    if (away) cut(Number.POSITIVE_INFINITY)
    probing = false
    // Nothing new is let in that could start the looks, so that nobody else would notice its return.
    if (away && !stopped) keepLooking()
  }
  const keepLooking = () => {
    timer ??= unreferenced(setInterval(look, LOOK_MS))
  }
  const look = () => {
    for (const [socket, seen] of sockets)
      if (socket.bytesRead !== seen.read) {
        seen.read = socket.bytesRead
        seen.heardAt = now()
      }
    const [oldest] = underWay
    const waits = oldest === undefined ? 0 : now() - oldest.at
    if (!away && oldest === undefined) {
      clearInterval(timer)
      timer = undefined
    } else if (away || waits > doubtMs) {
      if (waits > statementTimeoutMs + SILENCE_MARGIN_MS) cut(now() - statementTimeoutMs - SILENCE_MARGIN_MS)
      void examine()
    }
  }

  return {
    /** The driver's way to a socket. What it writes before the connection stands is sent then; its own timer ends an attempt. */
    connect({ host, port, path }: { host: string[]; port: number[]; path?: string | null }): Socket {
      const socket = new Socket()
      sockets.set(socket, { read: 0, heardAt: now() })
      socket.once('close', () => sockets.delete(socket))
      // Refused or cut: if the server is gone, what comes next is told so now, instead of after all that already waits for a connection.
      socket.once('error', () => void examine())
      return path ? socket.connect(path) : socket.connect(port[0] as number, host[0] as string)
    },
    /** Notes that something waits for the server; the answer is to be called when it does not any more. @throws when the server is away */
    begin(): () => void {
      if (away) throw new DatabaseAway()
      const entry = { at: now() }
      underWay.add(entry)
      keepLooking()
      return () => underWay.delete(entry)
    },
    stop() {
      stopped = true
      clearInterval(timer)
    },
  }
}

/** A look at the pool must not keep a process alive that has nothing else to do. */
const unreferenced = (timer: ReturnType<typeof setInterval>) => {
  timer.unref()
  return timer
}
