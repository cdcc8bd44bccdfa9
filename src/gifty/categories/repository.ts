import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import type { RowSource } from '../../tasks/index.ts'
import { PRODUCTS_BY_CATEGORY } from '../catalog/lookup.ts'
import type { TreeNode } from './index.ts'

/** A name that wants a mapping. */
export interface UnmappedName {
  external_name: string
  products_count: number | string
}

/** Names without a mapping, those of most active products first (gifty §5). */
export const unmappedNames = ({ fragments }: Pick<Db, 'fragments'>): RowSource => ({
  name: 'category_mapping',
  select: 'm.external_name, m.products_count',
  // A long category is keyed by its digest, which is the hash of the name.
  from: `(with counts as materialized (${PRODUCTS_BY_CATEGORY})
    select c.external_name, c.name_hash, coalesce(short.total, 0) + coalesce(long.total, 0) as products_count from category_maps c
    left join counts short on short.category_key = c.external_name left join counts long on long.category_key = c.name_hash
    where c.internal_category_id is null) m`,
  key: 'm.name_hash',
  contentHash: fragments.cast('null', 'text'),
  tiers: ['true'],
  orderBy: `m.products_count desc, ${fragments.bytewise('m.external_name')}`,
})

/** Queries of the names of categories and of the tree. */
export const categoriesRepository = (db: Db) => {
  const now = db.fragments.param('now', 'timestamptz')
  const addNames = db.batch<{ id: number }>(
    'category_names_add',
    [
      { name: 'name_hash', type: 'text' },
      { name: 'external_name', type: 'text' },
    ],
    (source) => `insert into category_maps (name_hash, external_name, is_verified, created_at, updated_at)
      select name_hash, external_name, false, ${now}, ${now} from ${source} s where true order by name_hash on conflict do nothing returning id`,
  )
  const map = db.batch<{ name_hash: string }>(
    'category_names_map',
    [
      { name: 'name_hash', type: 'text' },
      { name: 'category', type: 'bigint' },
    ],
    (source) => `update category_maps set internal_category_id = s.category, updated_at = ${now}
      from ${source} s where category_maps.name_hash = s.name_hash returning category_maps.name_hash`,
  )
  const unmap = db.statement<{ id: number }>(
    'category_names_unmap',
    `update category_maps set internal_category_id = null, is_verified = false, updated_at = ${now} where internal_category_id is not null
      and not exists (select 1 from internal_categories c where c.id = category_maps.internal_category_id) returning id`,
  )
  const unmapped = db.statement<{ id: number }>(
    'category_names_unmapped',
    'select id from category_maps where internal_category_id is null limit 1',
  )
  const putNodes = db.batch<{ id: number }>(
    'category_tree_put',
    [
      { name: 'id', type: 'bigint' },
      { name: 'name', type: 'text' },
      { name: 'parent_id', type: 'bigint' },
    ],
    (source) => `insert into internal_categories (id, name, parent_id, created_at, updated_at)
      select id, name, parent_id, ${now}, ${now} from ${source} s where true
      on conflict (id) do update set name = excluded.name, parent_id = excluded.parent_id, updated_at = excluded.updated_at
      where internal_categories.name <> excluded.name or internal_categories.parent_id is distinct from excluded.parent_id
      returning id`,
  )
  const dropOthers = db.statement<{ id: number }>('category_tree_drop', {
    sqlite: 'delete from internal_categories where id not in (select value from json_each(:ids)) returning id',
    postgres:
      'delete from internal_categories where id not in (select value::bigint from jsonb_array_elements_text(:ids::text::jsonb)) returning id',
  })
  const readTree = db.statement<{ id: number | string; name: string; parent_id: number | string | null }>(
    'category_tree',
    'select id, name, parent_id from internal_categories order by id',
  )
  const isLoaded = db.statement<{ id: number }>('category_tree_loaded', 'select id from internal_categories limit 1')
  const existing = db.statement<{ id: number | string }>('category_tree_ids', {
    sqlite: 'select id from internal_categories where id in (select value from json_each(:ids))',
    postgres:
      'select id from internal_categories where id in (select value::bigint from jsonb_array_elements_text(:ids::text::jsonb))',
  })

  return {
    *addNames(tx: Tx, names: { hash: string; name: string }[], at: Date): Steps<number> {
      return (yield* tx.batch(
        addNames,
        names.map(({ hash, name }) => [hash, name]),
        { now: at },
      )).length
    },
    /** Maps names by their hash; answers the hashes that are known. */
    *map(tx: Tx, rows: { hash: string; category: number }[], at: Date): Steps<Set<string>> {
      const written = yield* tx.batch(
        map,
        rows.map(({ hash, category }) => [hash, category]),
        { now: at },
      )
      return new Set(written.map((row) => row.name_hash))
    },
    *hasUnmapped(tx: Tx): Steps<boolean> {
      return (yield* tx.run(unmapped)).length > 0
    },
    /** Ends mappings to ids that are not in the tree; answers how many. */
    *unmap(tx: Tx, at: Date): Steps<number> {
      return (yield* tx.run(unmap, { now: at })).length
    },
    /** Replaces the tree; parents stand before their children. */
    *replaceTree(tx: Tx, nodes: TreeNode[], at: Date): Steps<void> {
      yield* tx.batch(
        putNodes,
        nodes.map(({ id, name, parent_id }) => [id, name, parent_id ?? null]),
        { now: at },
      )
      yield* tx.run(dropOthers, { ids: JSON.stringify(nodes.map((node) => node.id)) })
    },
    async tree() {
      return (await readTree.all()).map((row) => ({
        id: Number(row.id),
        name: row.name,
        parent_id: row.parent_id === null ? null : Number(row.parent_id),
      }))
    },
    /** Which of the ids may be mapped to: all while the tree is empty, else those in it. */
    *allowed(tx: Tx, ids: number[]): Steps<Set<number>> {
      if ((yield* tx.run(isLoaded)).length === 0) return new Set(ids)
      return new Set((yield* tx.run(existing, { ids: JSON.stringify([...new Set(ids)]) })).map((row) => Number(row.id)))
    },
  }
}
export type CategoriesRepository = ReturnType<typeof categoriesRepository>
