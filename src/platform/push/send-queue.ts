import { toAppError } from '../../errors.ts'
/** A text on its way to a reader; bytes where one encoding is shared by many readers. */
export type Payload = string | Uint8Array

/** An event with its place in the order of all events. */
export interface Numbered {
  text: Payload
  seq: number
}

/** How much a slow reader may leave waiting. */
export interface QueueLimits {
  /** Above it only the newest payload of each key waits. 0: as soon as anything waits. */
  coalesceBytes: number
  /** Above it the reader is closed with 1013. */
  maxBytes: number
  /** A reader that has taken nothing for so long is closed with 1013. */
  stalledMs: number
  /** A reader that was full takes more once no more bytes than this wait inside it. */
  lowWaterBytes: number
}

interface Item {
  payload: Payload
  seq: number | undefined
  /** A newer payload of the same key makes this one needless. */
  key: string | undefined
  bytes: number
}

interface Ending {
  code: number
  reason: string
}

/** What waits for one reader, in order. Made only while something waits, because thousands of readers are idle. */
class Backlog {
  bytes = 0
  /** In order; by key once coalescing has begun, otherwise by a number of its own. */
  private readonly items = new Map<string | number, Item>()
  private coalescing = false
  private added = 0

  add(item: Item): void {
    const at = this.coalescing && item.key !== undefined ? item.key : ++this.added
    this.delete(at, this.items.get(at))
    this.items.set(at, item)
    this.bytes += item.bytes
  }
  /** From now on, until nothing waits any more, only the newest item of each key is kept. */
  coalesce(): void {
    if (this.coalescing) return
    this.coalescing = true
    const all = [...this.items.values()]
    this.items.clear()
    this.bytes = 0
    for (const item of all) this.add(item)
  }
  take(): Item | undefined {
    const [first] = this.items
    if (first) this.delete(...first)
    return first?.[1]
  }
  isEmpty(): boolean {
    return this.items.size === 0
  }
  private delete(at: string | number, item: Item | undefined): void {
    if (item && this.items.delete(at)) this.bytes -= item.bytes
  }
}

/**
 * A bounded queue in front of one reader that may be slow: what the reader has no room for waits here, in order, until it has drained.
 * Made before its reader: events pushed before `start` wait, so that a stream can be resumed by its numbers: first the events the reader
 * has missed, then those pushed meanwhile, then live ones, none twice.
 */
export abstract class SendQueue {
  /** Number of the last event that the reader has taken. */
  sentSeq = 0
  /** Called once, when the reader is closed. */
  onEnd: (() => void) | undefined = undefined
  /** Checks again whether the credential that opened the stream still holds; undefined for one that cannot end. */
  recheck: (() => Promise<unknown>) | undefined = undefined
  /** How the reader was closed. */
  protected ending: Ending | undefined = undefined
  private reader: 'absent' | 'ready' | 'full' = 'absent'
  /** When the reader has last taken anything; counts while it is full. */
  private movedAt = 0
  private acceptedSeq = -1
  private backlog: Backlog | undefined = undefined
  /** How the reader is to be closed once nothing waits any more. */
  private finishing: Ending | undefined = undefined
  private waiters: PromiseWithResolvers<void> | undefined = undefined

  constructor(
    protected readonly limits: QueueLimits,
    protected readonly now: () => number,
  ) {}

  /** Hands a payload to the reader; false when it has no room for another one. */
  protected abstract write(payload: Payload): boolean
  /** Bytes that wait inside the reader. */
  protected abstract buffered(): number
  protected abstract close(code: number, reason: string): void

  /** Whether the credential still holds. @throws errors that do not decide it, such as a database that does not answer */
  async isAllowed(): Promise<boolean> {
    try {
      await this.recheck?.()
      return true
    } catch (error) {
      const { status } = toAppError(error)
      if (status === 401 || status === 403) return false
      throw error
    }
  }
  /** Live events begin after this number: earlier ones are ignored, because they are among the missed ones. */
  acceptAfter(seq: number): void {
    this.acceptedSeq = seq
  }
  /** Begins to send: `first`, then the events missed since number `after`, then those pushed so far. */
  start(first?: Payload, missed: Numbered[] = [], after = 0): void {
    if (this.ending) return
    const late = this.backlog
    this.backlog = undefined
    this.sentSeq = after
    this.reader = 'ready'
    if (first !== undefined) this.enqueue(first, undefined, undefined)
    for (const { text, seq } of missed) this.enqueue(text, seq, undefined)
    for (let item = late?.take(); item && !this.ending; item = late?.take()) this.enqueue(item.payload, item.seq, item.key)
    this.afterSending()
  }
  /** Sends, or keeps for later. `seq` is an event's number; of payloads with one `key` the newest is enough. */
  push(payload: Payload, seq?: number, key?: string): void {
    if (this.ending !== undefined || this.finishing !== undefined) return
    if (seq !== undefined) {
      if (seq <= this.acceptedSeq) return
      this.acceptedSeq = seq
    }
    this.enqueue(payload, seq, key)
  }
  /** The reader has taken something of what waits inside it. */
  drained(): void {
    this.movedAt = this.now()
    this.resume()
  }
  /** To be called about every second: closes a reader that has taken nothing for too long. */
  check(): void {
    this.resume()
    if (this.reader === 'full' && this.now() - this.movedAt >= this.limits.stalledMs) this.end(1013, 'too slow')
  }
  /** Resolves once everything has been sent and the reader has room, or when it is closed. */
  whenDrained(): Promise<void> {
    if (this.ending !== undefined || this.isDrained()) return Promise.resolve()
    this.waiters ??= Promise.withResolvers()
    return this.waiters.promise
  }
  isDrained(): boolean {
    return this.reader === 'ready' && this.backlog === undefined
  }
  /** Bytes that wait here. */
  pending(): number {
    return this.backlog?.bytes ?? 0
  }
  /** Whether it takes nothing more. */
  isEnded(): boolean {
    return this.ending !== undefined || this.finishing !== undefined
  }
  /** Closes the reader after what waits has been sent. */
  finish(code: number, reason: string): void {
    if (this.isEnded()) return
    this.finishing = { code, reason }
    if (this.reader !== 'absent') this.afterSending()
  }
  /** Closes the reader at once; what waits here is dropped. */
  end(code: number, reason: string): void {
    if (this.ending) return
    this.ending = { code, reason }
    this.backlog = undefined
    this.close(code, reason)
    this.waiters?.resolve()
    this.waiters = undefined
    this.onEnd?.()
  }

  private enqueue(payload: Payload, seq: number | undefined, key: string | undefined): void {
    if (this.reader === 'full') this.resume()
    if (this.reader === 'ready' && this.backlog === undefined) {
      this.hand(payload, seq)
      return
    }
    this.backlog ??= new Backlog()
    this.backlog.add({ payload, seq, key, bytes: typeof payload === 'string' ? Buffer.byteLength(payload) : payload.byteLength })
    const inside = this.reader === 'absent' ? 0 : this.buffered()
    if (this.backlog.bytes + inside > this.limits.coalesceBytes) this.backlog.coalesce()
    if (this.backlog.bytes + inside > this.limits.maxBytes) this.end(1013, 'too slow')
  }
  private hand(payload: Payload, seq: number | undefined): void {
    if (seq !== undefined) this.sentSeq = seq
    if (this.write(payload)) return
    this.reader = 'full'
    this.movedAt = this.now()
  }
  /** Continues to send once a reader that was full has room again. */
  private resume(): void {
    if (this.ending !== undefined || this.reader !== 'full' || this.buffered() > this.limits.lowWaterBytes) return
    this.reader = 'ready'
    for (let item = this.backlog?.take(); item; item = this.reader === 'ready' ? this.backlog?.take() : undefined)
      this.hand(item.payload, item.seq)
    this.afterSending()
  }
  private afterSending(): void {
    if (this.backlog?.isEmpty()) this.backlog = undefined
    if (this.backlog !== undefined || this.ending !== undefined) return
    if (this.finishing) this.end(this.finishing.code, this.finishing.reason)
    if (this.reader !== 'ready') return
    this.waiters?.resolve()
    this.waiters = undefined
  }
}
