import type { Clock } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import { createRowQueue, type KindPolicy, type Refusal, type RowQueue, type RowQueueDeps } from '../../tasks/index.ts'
import { nameHash } from '../catalog/identity.ts'
import type { CategorySamples } from '../catalog/lookup.ts'
import { answerSubmit, checkResults } from '../submissions.ts'
import { type CategoryTask, categoryResult, inTreeOrder, mapping, type TasksQuery, type TreeNode } from './index.ts'
import { type CategoriesRepository, type UnmappedName, unmappedNames } from './repository.ts'

const TREE = 'gifty.category-tree'

export interface CategoriesDeps {
  db: Db
  clock: Clock
  queue: CategoryQueue
  repository: CategoriesRepository
}

/** Categories (gifty §5): names that shops use, mapped to the tree by workers. */
export const createCategories = ({ db, clock, queue, repository }: CategoriesDeps) => {
  /** Maps names, by hash; answers for each name that was not mapped the reason. */
  function* store(tx: Tx, idByHash: Map<string, number>, now: Date): Steps<Map<string, { field: string; message: string }>> {
    // Locked against a replacement of the tree, which would not see new mappings to an id that it removes.
    yield* tx.exclusive(TREE)
    const allowed = yield* repository.allowed(tx, [...idByHash.values()])
    const rows = [...idByHash].map(([hash, category]) => ({ hash, category })).sort((a, b) => (a.hash < b.hash ? -1 : 1))
    const written = yield* repository.map(
      tx,
      rows.filter((row) => allowed.has(row.category)),
      now,
    )
    const refused = new Map<string, { field: string; message: string }>()
    for (const { hash, category } of rows)
      if (!allowed.has(category))
        refused.set(hash, { field: 'internal_category_id', message: 'There is no such category in the tree' })
      else if (!written.has(hash)) refused.set(hash, { field: 'external_name', message: 'Category not found' })
    return refused
  }

  return {
    store,
    hasUnmapped: repository.hasUnmapped,
    /** Enters names that are new, in the caller's transaction (gifty §3, point 7); blank ones are none. */
    *addNames(tx: Tx, names: Iterable<string>, at: Date): Steps<void> {
      const distinct = new Set([...names].filter((name) => name.trim() !== ''))
      const rows = [...distinct].map((name) => ({ name, hash: nameHash(name) })).sort((a, b) => (a.hash < b.hash ? -1 : 1))
      yield* repository.addNames(tx, rows, at)
    },
    /** Hands out names without a mapping and leases them; with `peek` it only shows them. */
    tasks: (query: TasksQuery, peek = false): Promise<CategoryTask[]> =>
      db.tx((tx) => {
        const claim = { limit: query.limit, now: new Date(clock.now()) }
        return peek
          ? queue.peek(tx, claim)
          : queue.claim(tx, { ...claim, worker: query.worker_id, leaseMs: query.lease_seconds * 1000 })
      }),
    /**
     * Stores mappings and ends the leases of those names. A refused id leaves the lease, so that its holder may try again.
     * @throws AppError 413 above 1,000 elements, 422 when every element is malformed
     */
    async submit(results: unknown[]) {
      const checked = await checkResults(results, categoryResult, 'external_name', (result) => result.external_name)
      const byHash = new Map(checked.chosen.map(({ key, value }) => [nameHash(key), { key, value }]))
      const refused = await db.tx(function* (tx) {
        const idByHash = new Map([...byHash].map(([hash, { value }]) => [hash, value.internal_category_id]))
        const now = new Date(clock.now())
        const problems = yield* store(tx, idByHash, now)
        yield* queue.close(
          tx,
          [...idByHash.keys()].filter((hash) => !problems.has(hash)),
          now,
        )
        return problems
      })
      const byName = new Map([...refused].map(([hash, problem]) => [byHash.get(hash)?.key ?? '', problem]))
      return answerSubmit('external_name', results.length, checked, byName, () => ({}))
    },
    /**
     * Replaces the tree, all or nothing. Mappings to ids that are gone become tasks again, unless the tree is now empty.
     * @throws AppError 422 for an id given twice, an unknown parent or a cycle
     */
    async replaceTree(nodes: TreeNode[]) {
      const ordered = inTreeOrder(nodes)
      const unmapped = await db.tx(function* (tx) {
        const now = new Date(clock.now())
        yield* tx.exclusive(TREE)
        yield* repository.replaceTree(tx, ordered, now)
        return ordered.length === 0 ? 0 : yield* repository.unmap(tx, now)
      })
      return { status: 'ok' as const, count: ordered.length, unmapped }
    },
    tree: repository.tree,
  }
}
export type Categories = ReturnType<typeof createCategories>

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

/** Mapping as a kind of the worker protocol (gifty §4): the result is `{internal_category_id}`. */
export const categoryKind = (queue: CategoryQueue, categories: Categories): KindPolicy =>
  queue.policy({
    // The queue counts products by category, which is too much for every lease of a worker that takes all kinds.
    mayHaveRows: categories.hasUnmapped,
    *store(tx, done, now) {
      const refused = new Map<string, Refusal>()
      const idByHash = new Map<string, number>()
      for (const { key, result } of done) {
        const read = mapping.safeParse(result)
        if (read.success) idByHash.set(key, read.data.internal_category_id)
        else refused.set(key, { code: 'invalid', message: 'internal_category_id: Input should be an integer' })
      }
      for (const [hash, { message }] of yield* categories.store(tx, idByHash, now))
        refused.set(hash, { code: 'invalid', message })
      return refused
    },
  })
