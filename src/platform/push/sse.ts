import { type Payload, type QueueLimits, SendQueue } from './send-queue.ts'

const encoder = new TextEncoder()

/** One event as server-sent text; its fields are written in the order in which they are given. */
export const sseEvent = (fields: { id?: number; event?: string; data?: string; retry?: number }): string => {
  let text = ''
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue
    // A line break would end the field: each line of the data is a field of its own.
    if (typeof value === 'string' && /[\r\n]/.test(value))
      for (const line of value.split(/\r\n|\r|\n/)) text += `${name}: ${line}\n`
    else text += `${name}: ${value}\n`
  }
  return `${text}\n`
}
/** An SSE comment: readers ignore it, and proxies do not close the connection as idle. */
export const sseComment = (text: string): string => `: ${text}\n\n`

export interface EventStreamOptions {
  limits: Omit<QueueLimits, 'lowWaterBytes'>
  now(): number
  /** Bytes that the stream holds for its reader before more waits in the queue. */
  highWaterBytes: number
}

/** Server-sent events to one reader, behind a bounded queue. Closed by `end` or `finish` (whose codes no reader sees), or by its reader. */
export class EventStream extends SendQueue {
  private controller: ReadableStreamDefaultController<Uint8Array> | undefined = undefined
  private readonly highWaterBytes: number
  private gone = false

  constructor({ limits, now, highWaterBytes }: EventStreamOptions) {
    super({ ...limits, lowWaterBytes: highWaterBytes - 1 }, now)
    this.highWaterBytes = highWaterBytes
  }
  /** The answer that carries the stream; `start` begins to send. */
  response(cacheControl: string): Response {
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.controller = controller
        },
        pull: () => this.drained(),
        cancel: () => {
          this.gone = true
          this.end(1000, 'the reader has gone')
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: this.highWaterBytes }),
    )
    if (this.ending) this.close()
    return new Response(body, {
      headers: { 'content-type': 'text/event-stream', 'cache-control': cacheControl, 'x-accel-buffering': 'no' },
    })
  }
  protected write(payload: Payload): boolean {
    this.controller?.enqueue(typeof payload === 'string' ? encoder.encode(payload) : payload)
    return this.buffered() < this.highWaterBytes
  }
  protected buffered(): number {
    return this.highWaterBytes - (this.controller?.desiredSize ?? this.highWaterBytes)
  }
  protected close(): void {
    if (!this.gone) this.controller?.close()
  }
}
