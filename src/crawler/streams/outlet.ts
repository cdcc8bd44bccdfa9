/** Where frames go: a socket or a stream. */
export interface Sink {
  /** Hands a text on; false when it is only buffered from here on, and no more should come before `drained`. */
  write(text: string): boolean
  /** Bytes that wait inside the sink. */
  buffered(): number
  end(code: number, reason: string): void
}
interface Item {
  text: string
  seq: number | undefined
  /** Newer ones of this key make this one needless. */
  key: string | undefined
  dropped: boolean
}

const MIB = 1024 * 1024
/** Above it pending progress frames coalesce, and above the second one nobody waits any longer (§13). */
const COALESCE_BYTES = MIB
const CLOSE_BYTES = 8 * MIB
const STALLED_MS = 60_000

/**
 * A queue in front of a sink that may be slow: what the sink does not take stays here, the text shared by all who wait for it. Over
 * 1 MiB pending progress frames coalesce to the newest per task, nothing else is dropped; over 8 MiB, or after 60 s without any
 * progress, the sink is closed.
 */
export const createOutlet = (sink: Sink, now: () => number) => {
  let queue: Item[] | undefined
  let head = 0
  let bytes = 0
  let congested = false
  let stalledSince = 0
  let ended = false
  /** Newest pending item per key. */
  let newest: Map<string, Item> | undefined
  let needless = 0
  let sentSeq = 0

  const end = (code: number, reason: string) => {
    if (ended) return
    ended = true
    queue = undefined
    newest = undefined
    sink.end(code, reason)
  }
  const write = (text: string, seq: number | undefined) => {
    if (seq !== undefined) sentSeq = seq
    if (!sink.write(text)) {
      congested = true
      stalledSince = now()
    }
  }
  const drop = (item: Item) => {
    item.dropped = true
    bytes -= item.text.length
    item.text = ''
    // A place of nothing still takes memory: they go when they are the most.
    if (queue && ++needless > 1000 && needless > (queue.length - head) / 2) {
      queue = queue.slice(head).filter((one) => !one.dropped)
      head = 0
      needless = 0
    }
  }
  const coalesce = () => {
    if (!queue) return
    newest = new Map()
    for (const item of queue.slice(head).reverse()) {
      if (item.key === undefined || item.dropped) continue
      if (newest.has(item.key)) drop(item)
      else newest.set(item.key, item)
    }
  }
  const enqueue = (text: string, seq: number | undefined, key: string | undefined) => {
    queue ??= []
    const item: Item = { text, seq, key, dropped: false }
    queue.push(item)
    bytes += text.length
    if (newest) {
      if (key === undefined) return
      const older = newest.get(key)
      if (older) drop(older)
      newest.set(key, item)
    } else if (bytes + sink.buffered() > COALESCE_BYTES) coalesce()
  }

  return {
    /** Sends, or keeps for later. `seq` and `key` are those of an event. */
    push(text: string, seq?: number, key?: string): void {
      if (ended) return
      if (!congested && !queue) write(text, seq)
      else {
        enqueue(text, seq, key)
        if (bytes + sink.buffered() > CLOSE_BYTES) end(1013, 'too slow')
      }
    },
    /** The sink takes more. */
    drained(): void {
      congested = false
      stalledSince = 0
      while (queue && !congested && !ended) {
        const item = queue[head++]
        if (!item) {
          queue = undefined
          newest = undefined
          head = 0
          bytes = 0
          needless = 0
          return
        }
        if (item.dropped) {
          needless--
          continue
        }
        bytes -= item.text.length
        if (newest?.get(item.key ?? '') === item) newest.delete(item.key ?? '')
        write(item.text, item.seq)
        if (head > 1024) {
          queue.splice(0, head)
          head = 0
        }
      }
    },
    /** Closes a sink that has not taken anything for a minute. */
    check(): void {
      if (congested && stalledSince > 0 && now() - stalledSince >= STALLED_MS) end(1013, 'too slow')
    },
    /** The last event that the sink has taken. */
    sentSeq: () => sentSeq,
    startAfter(seq: number) {
      sentSeq = seq
    },
    pending: () => bytes,
    isCongested: () => congested,
    end,
  }
}
export type Outlet = ReturnType<typeof createOutlet>
