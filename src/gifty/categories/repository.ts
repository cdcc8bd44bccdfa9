import type { Db, Steps, Tx } from '../../platform/db/index.ts'

/** Queries of the names of categories and of the tree. */
export const categoriesRepository = (db: Db) => {
  const now = db.dialect === 'sqlite' ? ':now' : ':now::timestamptz'
  const addNames = db.batch<{ id: number }>(
    'category_names_add',
    [
      { name: 'name_hash', type: 'text' },
      { name: 'external_name', type: 'text' },
    ],
    (source) => `insert into category_maps (name_hash, external_name, is_verified, created_at, updated_at)
      select name_hash, external_name, false, ${now}, ${now} from ${source} s where true order by name_hash on conflict do nothing returning id`,
  )

  return {
    *addNames(tx: Tx, names: { hash: string; name: string }[], at: Date): Steps<number> {
      return (yield* tx.batch(
        addNames,
        names.map(({ hash, name }) => [hash, name]),
        { now: at },
      )).length
    },
  }
}
export type CategoriesRepository = ReturnType<typeof categoriesRepository>
