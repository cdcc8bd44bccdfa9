import type { Log } from '../log.ts'
import { type Payload, type QueueLimits, SendQueue } from './send-queue.ts'

/** Bun's server socket, as it is used here. */
export interface RawSocket {
  /** 0: dropped, the socket is closing. -1: kept inside the socket, which is full. Otherwise the bytes sent. */
  sendText(text: string): number
  getBufferedAmount(): number
  ping(): unknown
  close(code?: number, reason?: string): void
}

const MIB = 1024 * 1024
/** A new frame is sent to a socket only while no more than this waits in it: above 1 MiB Bun would cut it off. */
const LOW_WATER_BYTES = 64 * 1024
export const SOCKET_LIMITS: QueueLimits = {
  coalesceBytes: MIB,
  maxBytes: 8 * MIB,
  stalledMs: 60_000,
  lowWaterBytes: LOW_WATER_BYTES,
}

/** The life of one socket: its queue and its last sign of life. */
export class SocketSession extends SendQueue {
  /** Time of the client's last frame, a pong included. */
  seenAt: number
  pingedAt: number
  private raw: RawSocket | undefined = undefined

  constructor(now: () => number, limits: QueueLimits = SOCKET_LIMITS) {
    super(limits, now)
    this.seenAt = this.pingedAt = now()
  }
  /** The socket is open; `start` begins to send. One that has been ended before it was open is closed at once. */
  opened(raw: RawSocket): void {
    this.raw = raw
    this.markAlive()
    if (this.ending) raw.close(this.ending.code, this.ending.reason)
  }
  /** Notes that the client is alive now. */
  markAlive(): void {
    this.seenAt = this.now()
  }
  override drained(): void {
    this.markAlive()
    super.drained()
  }
  ping(): void {
    this.pingedAt = this.now()
    this.raw?.ping()
  }
  protected write(payload: Payload): boolean {
    return (this.raw as RawSocket).sendText(payload as string) > 0
  }
  protected buffered(): number {
    return this.raw?.getBufferedAmount() ?? 0
  }
  protected close(code: number, reason: string): void {
    this.raw?.close(code, reason)
  }
}

/** Milliseconds between two checks of the credentials of open streams: a change takes effect within 10 s. */
export const RECHECK_MS = 5000

/** Ends those of the streams whose credential does not hold any more. One that cannot be looked at stays until the next check. */
export const endRefused = async (queues: Iterable<SendQueue>, log: Pick<Log, 'warn'>): Promise<void> => {
  for (const queue of queues) {
    if (!queue.recheck) continue
    try {
      if (!(await queue.isAllowed())) queue.end(CLOSE.policy, 'the credential has ended')
    } catch (error) {
      log.warn('a credential could not be looked at', { error })
    }
  }
}

/** Close codes of all families' sockets (RFC 6455 §7.4, 4000 and above are our own). */
export const CLOSE = {
  goingAway: 1001,
  policy: 1008,
  internal: 1011,
  /** A newer socket of the same name has taken its place. */
  replaced: 4001,
} as const

/** One live session a name: a newer one ends the older one, which may be half open. */
export class SessionsByName<S extends { end(code: number, reason: string): void }> extends Map<string, S> {
  /** Ends the session of a name with 4001 and answers it. */
  replace(name: string): S | undefined {
    const older = this.get(name)
    this.delete(name)
    older?.end(CLOSE.replaced, 'replaced')
    return older
  }
  /** A session that has ended gives its name back, unless a newer one has it. */
  release(name: string, session: S): void {
    if (this.get(name) === session) this.delete(name)
  }
}

/** Pings those that have not been pinged for `pingMs`, ends the silent and the stalled. To be called about every second. */
export const sweepSessions = (
  sessions: Iterable<SocketSession>,
  now: number,
  { pingMs, silence }: { pingMs: number; silence: { ms: number; code: number; reason: string } },
): void => {
  for (const session of sessions) {
    session.check()
    if (now - session.seenAt >= silence.ms) session.end(silence.code, silence.reason)
    else if (now - session.pingedAt >= pingMs) session.ping()
  }
}
