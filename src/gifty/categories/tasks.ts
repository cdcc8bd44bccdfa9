import type { KindPolicy, Refusal } from '../../tasks/index.ts'
import type { WorkQueue } from '../work-leases/queue.ts'
import type { WorkLeases } from '../work-leases/service.ts'
import { mapping } from './model.ts'
import type { UnmappedName } from './repository.ts'
import { CATEGORY_MAPPING, type Categories } from './service.ts'

/** Mapping as a kind of the worker protocol (gifty §4): the category task, and `{internal_category_id}`. */
export const categoryTasks = (leases: WorkLeases, queue: WorkQueue<UnmappedName>, categories: Categories): KindPolicy =>
  leases.tasks({
    kind: CATEGORY_MAPPING,
    queue,
    // The queue counts products by category, which is too much for every lease of a worker that takes all kinds.
    mayOffer: categories.hasUnmapped,
    payloads: categories.describe,
    *store(tx, done, now) {
      const refused = new Map<string, Refusal>()
      const given = new Map<string, number>()
      for (const { subject, result } of done) {
        const read = mapping.safeParse(result)
        if (read.success) given.set(subject, read.data.internal_category_id)
        else refused.set(subject, { code: 'invalid', message: 'internal_category_id: Input should be an integer' })
      }
      for (const [hash, { message }] of yield* categories.store(tx, given, now)) refused.set(hash, { code: 'invalid', message })
      return refused
    },
  })
