import type { Delivery } from '../platform/broker/index.ts'
import { BrokerError } from '../platform/broker/index.ts'
import { isUuid } from '../platform/clock.ts'
import type { BrokerQueue } from './broker-queue.ts'
import type { LeaseRequest } from './leasing.ts'
import type { Task } from './model.ts'

/** Where messages go that are not of our making: nothing is thrown away unread. */
const DEAD_LETTERS = 'trawl.dead_letters'
/** How often one lease reads the queue again because the messages it took were stale. */
const ROUNDS = 20
const BURY_MS = 1000

/**
 * Leases of tasks whose messages wait in a queue of the broker (gifty §2.7): the message is taken off, the lease is stored, then the
 * message is acknowledged. After a crash in between the broker delivers the message again; it is then dropped, because its task is no
 * longer queued. While the broker is away nothing is taken, and lease requests do not wait for it.
 */
export const createBrokerLeasing = (
  { broker, queueOf, kindsOf }: BrokerQueue,
  leaseByIds: (ids: string[], request: LeaseRequest) => Promise<{ leased: Task[]; gone: Set<string> }>,
) => {
  /** A message without the id of a task cannot be ours: it is kept for an operator. */
  const bury = async (queue: string, delivery: Delivery): Promise<void> => {
    const body = { queue, message_id: delivery.messageId ?? null, content: new TextDecoder().decode(delivery.content) }
    try {
      await broker?.publish({ queue: DEAD_LETTERS, messageId: crypto.randomUUID(), body }, BURY_MS)
      delivery.accept()
    } catch {
      delivery.giveBack()
    }
  }

  /** One look: takes, leases, settles. Answers undefined when the queue had no more. */
  const look = async (queue: string, request: LeaseRequest): Promise<{ leased: Task[]; kept: Delivery[]; more: boolean }> => {
    const taken = (await broker?.take(queue, request.max)) ?? []
    const ours = taken.filter(({ messageId }) => messageId !== undefined && isUuid(messageId))
    const strange = taken.filter((delivery) => !ours.includes(delivery))
    const ids = [...new Set(ours.map((delivery) => delivery.messageId as string))]
    try {
      const { leased, gone } = ids.length > 0 ? await leaseByIds(ids, request) : { leased: [], gone: new Set<string>() }
      const held = new Set(leased.map((task) => task.id))
      const kept: Delivery[] = []
      for (const delivery of ours) {
        const id = delivery.messageId as string
        if (held.has(id) || gone.has(id)) delivery.accept()
        else kept.push(delivery)
      }
      await Promise.all(strange.map((delivery) => bury(queue, delivery)))
      return { leased, kept, more: taken.length === request.max }
    } catch (error) {
      for (const delivery of taken) delivery.giveBack()
      throw error
    }
  }

  const leaseFrom = async (queue: string, request: LeaseRequest): Promise<Task[]> => {
    const leased: Task[] = []
    // Tasks that may not run now, because of their group. Back at the end only: given back at once they would be met again at once.
    const kept: Delivery[] = []
    try {
      for (let round = 0; round < ROUNDS && leased.length < request.max; round++) {
        const found = await look(queue, { ...request, max: request.max - leased.length })
        leased.push(...found.leased)
        kept.push(...found.kept)
        if (!found.more) break
      }
    } catch (error) {
      if (leased.length === 0 && !(error instanceof BrokerError)) throw error
    } finally {
      for (const delivery of kept) delivery.giveBack()
    }
    return leased
  }

  return async (request: LeaseRequest): Promise<Task[]> => {
    if (!broker?.isUp()) return []
    const leased: Task[] = []
    for (const queue of new Set(request.kinds.map(queueOf)))
      if (queue !== undefined && leased.length < request.max) {
        const kinds = kindsOf(queue).filter((kind) => request.kinds.includes(kind))
        leased.push(...(await leaseFrom(queue, { ...request, kinds, max: request.max - leased.length })))
      }
    return leased
  }
}
