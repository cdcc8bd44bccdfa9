import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import { nameHash } from '../catalog/identity.ts'
import type { CategoriesRepository } from './repository.ts'

export interface CategoriesDeps {
  db: Db
  repository: CategoriesRepository
}

/** Categories (gifty §5): names that shops use, mapped to the tree by workers. */
export const createCategories = ({ repository }: CategoriesDeps) => ({
  /** Enters names that are new, in the caller's transaction (gifty §3, point 7); blank ones are none. */
  *addNames(tx: Tx, names: Iterable<string>, at: Date): Steps<void> {
    const distinct = new Set([...names].filter((name) => name.trim() !== ''))
    const rows = [...distinct].map((name) => ({ name, hash: nameHash(name) })).sort((a, b) => (a.hash < b.hash ? -1 : 1))
    yield* repository.addNames(tx, rows, at)
  },
})
export type Categories = ReturnType<typeof createCategories>
