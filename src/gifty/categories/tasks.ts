import { createRowQueue, type KindPolicy, type Refusal, type RowQueue, type RowQueueDeps } from '../../tasks/index.ts'
import type { CategorySamples } from '../catalog/lookup.ts'
import { type CategoryTask, mapping } from './model.ts'
import { type UnmappedName, unmappedNames } from './repository.ts'
import type { Categories } from './service.ts'

export type CategoryQueue = RowQueue<UnmappedName, CategoryTask>

/** Names without a mapping, as tasks of the kind `category_mapping`. */
export const createCategoryQueue = (deps: RowQueueDeps, samples: CategorySamples): CategoryQueue =>
  createRowQueue<UnmappedName, CategoryTask>(deps, {
    kind: 'category_mapping',
    source: unmappedNames(deps.db),
    *payloads(tx, rows) {
      const titles = yield* samples.of(
        tx,
        rows.map((row) => row.external_name),
      )
      return rows.map((row) => ({
        external_name: row.external_name,
        products_count: Number(row.products_count),
        sample_titles: titles.get(row.external_name) ?? [],
      }))
    },
  })

/** Mapping as a kind of the worker protocol (gifty §4): `{internal_category_id}` comes back. */
export const categoryKind = (queue: CategoryQueue, categories: Categories): KindPolicy =>
  queue.policy({
    // The queue counts products by category, which is too much for every lease of a worker that takes all kinds.
    mayHaveRows: categories.hasUnmapped,
    *store(tx, done, now) {
      const refused = new Map<string, Refusal>()
      const given = new Map<string, number>()
      for (const { key, result } of done) {
        const read = mapping.safeParse(result)
        if (read.success) given.set(key, read.data.internal_category_id)
        else refused.set(key, { code: 'invalid', message: 'internal_category_id: Input should be an integer' })
      }
      for (const [hash, { message }] of yield* categories.store(tx, given, now)) refused.set(hash, { code: 'invalid', message })
      return refused
    },
  })
