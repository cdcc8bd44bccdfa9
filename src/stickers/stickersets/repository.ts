import { eq } from 'drizzle-orm'
import { type Db, q, type Statement, type Steps, type Tx } from '../../platform/db/index.ts'
import { stickersetsTables } from '../tables.ts'
import type { Direction, Operation, Sort } from './model.ts'
import { bothDialects, type CategoryRow, type DescriptionRow, type SetCategoryRow, type SetRow, type SqlParts } from './rows.ts'

type Tables = ReturnType<typeof stickersetsTables>
export type SetInsert = Omit<Tables['stickersets']['$inferInsert'], 'id'>
export type SetChange = Partial<SetInsert>
/** What a DTO shows besides its row. */
export interface SetParts {
  categories: SetCategoryRow[]
  descriptions: DescriptionRow[]
}
/** Rows of one page and the count of all, from one statement: one consistent read on both dialects. */
export interface Found {
  rows: SetRow[]
  total: number
}
type TotalRow = { total: number } & (SetRow | Record<keyof SetRow, null>)

const SORT_COLUMNS: Record<Sort, { column: string; text: boolean }> = {
  id: { column: 'id', text: false },
  createdAt: { column: 'created_at', text: false },
  title: { column: 'title', text: true },
  name: { column: 'name', text: true },
  likesCount: { column: 'likes_count', text: false },
  visibility: { column: 'visibility', text: true },
}

const toFound = (rows: TotalRow[]): Found => ({
  total: rows[0]?.total ?? 0,
  // A page beyond the end is one row of nulls beside the total.
  rows: rows[0]?.id == null ? [] : (rows as unknown as SetRow[]),
})

/** Queries of sets and their categories. Functions that take `tx` are steps of the caller's transaction. */
export const stickersetsRepository = (db: Db) => {
  const { stickersets, stickersetCategories, stickersetAudit } = stickersetsTables(db.kit)

  // The state is literal, as the partial indices say it.
  const find = db.statement<SetRow>(
    'stickerset_find',
    bothDialects(({ set }) => `select ${set} from stickersets s where s.id = :id`),
  )
  const lock = db.statement<SetRow>(
    'stickerset_lock',
    bothDialects(({ set, forUpdate }) => `select ${set} from stickersets s where s.id = :id${forUpdate}`),
  )
  const findByName = db.statement<SetRow>(
    'stickerset_by_name',
    bothDialects(
      ({ set, text }) =>
        `select ${set} from stickersets s where lower(s.name) = ${text('name')} and s.state in ('ACTIVE', 'BLOCKED')`,
    ),
  )
  const check = db.statement<{ id: number; title: string }>(
    'stickerset_check',
    bothDialects(
      ({ id, text }) =>
        `select ${id('id')} as "id", title from stickersets where lower(name) = ${text('name')} and state in ('ACTIVE', 'BLOCKED')`,
    ),
  )
  const lockDeleted = db.statement<SetRow>(
    'stickerset_deleted',
    bothDialects(
      ({
        set,
        text,
        value,
        forUpdate,
      }) => `select ${set} from stickersets s where lower(s.name) = ${text('name')} and s.user_id = ${value('user')}
        and s.state = 'DELETED' order by s.deleted_at desc nulls last, s.id desc limit 1${forUpdate}`,
    ),
  )
  // Of one set and of many: a list of one would cost several times the lookup.
  const parts = (suffix: string, which: (parts: SqlParts) => string) => ({
    categories: db.statement<SetCategoryRow>(
      `stickerset_categories_of_${suffix}`,
      bothDialects(
        (sql) => `select ${sql.id('sc.stickerset_id')} as "setId", ${sql.category} from stickerset_categories sc
          join sticker_categories c on c.id = sc.category_id where sc.stickerset_id ${which(sql)}`,
      ),
    ),
    descriptions: db.statement<DescriptionRow>(
      `stickerset_descriptions_of_${suffix}`,
      bothDialects(
        (sql) => `select ${sql.id('stickerset_id')} as "setId", language, description from stickerset_descriptions
          where stickerset_id ${which(sql)}`,
      ),
    ),
  })
  const ofOne = parts('one', ({ value }) => `= ${value('id')}`)
  const ofMany = parts('many', ({ ids }) => `in ${ids('ids')}`)
  const likes = db.statement<{ liked: number }>(
    'stickerset_liked',
    'select 1 as liked from stickerset_likes where user_id = :user and stickerset_id = :id',
  )
  const activeCategories = db.statement<CategoryRow>(
    'sticker_categories_active',
    bothDialects(({ category }) => `select ${category} from sticker_categories c where c.is_active`),
  )

  /** A page of what `where` holds, beside the count of all of it. */
  const page = (name: string, build: (parts: SqlParts) => { where: string; order: string }) =>
    db.statement<TotalRow>(
      name,
      bothDialects((parts) => {
        const { where, order } = build(parts)
        const { set, count, value } = parts
        return `select t.total as "total", ${set} from (select ${count} as total from stickersets s where ${where}) t
          left join (select s.* from stickersets s where ${where} order by ${order} limit ${value('size')} offset ${value('offset')}) s
          on 1 = 1 order by ${order}`
      }),
    )
  const pages = new Map<string, Statement<TotalRow>>()
  const authorPage = (sort: Sort, direction: Direction, filtered: boolean): Statement<TotalRow> => {
    const key = `${sort}_${direction}${filtered ? '_filtered' : ''}`
    const known = pages.get(key)
    if (known) return known
    const made = page(`stickersets_of_author_${key}`, ({ value, texts, bytes }) => {
      const { column, text } = SORT_COLUMNS[sort]
      const filter = filtered
        ? ` and exists (select 1 from stickerset_categories sc join sticker_categories c on c.id = sc.category_id
            where sc.stickerset_id = s.id and c.key in ${texts('keys')})`
        : ''
      const first = text ? bytes(`s.${column}`) : `s.${column}`
      return {
        where: `s.author_id = ${value('author')} and s.state = 'ACTIVE'${filter}`,
        order: sort === 'id' ? `s.id ${direction}` : `${first} ${direction}, s.id ${direction}`,
      }
    })
    pages.set(key, made)
    return made
  }
  const searches = new Map<number, Statement<TotalRow>>()
  const search = (terms: number): Statement<TotalRow> => {
    const known = searches.get(terms)
    if (known) return known
    const made = page(`stickersets_search_${terms}`, ({ position, ids }) => {
      const conditions = Array.from(
        { length: terms },
        (_, n) => ` and (${position('s.search_text', `term${n}`)} > 0 or exists (select 1 from stickerset_categories sc
          where sc.stickerset_id = s.id and sc.category_id in ${ids(`categories${n}`)}))`,
      )
      return {
        where: `s.state = 'ACTIVE' and s.visibility = 'PUBLIC'${conditions.join('')}`,
        order: 's.likes_count desc, s.created_at desc, s.id desc',
      }
    })
    searches.set(terms, made)
    return made
  }

  return {
    statements: { findByName, check, lockDeleted, authorPage, search },
    find: async (id: number): Promise<SetRow | undefined> => (await find.all({ id }))[0],
    /** The ACTIVE or BLOCKED set of a name. */
    findByName: async (name: string): Promise<SetRow | undefined> => (await findByName.all({ name }))[0],
    /** At most one row; as an array, because this is asked more often than anything else. */
    check: (name: string): Promise<{ id: number; title: string }[]> => check.all({ name }),
    async partsOf(id: number): Promise<SetParts> {
      const [categories, descriptions] = await Promise.all([ofOne.categories.all({ id }), ofOne.descriptions.all({ id })])
      return { categories, descriptions }
    },
    async parts(ids: number[]): Promise<SetParts> {
      const params = { ids: JSON.stringify(ids) }
      const [categories, descriptions] = await Promise.all([ofMany.categories.all(params), ofMany.descriptions.all(params)])
      return { categories, descriptions }
    },
    activeCategories: () => activeCategories.all(),
    async ofAuthor(
      authorId: number,
      {
        sort,
        direction,
        categoryKeys,
        page,
        size,
      }: { sort: Sort; direction: Direction; categoryKeys: string[]; page: number; size: number },
    ): Promise<Found> {
      const statement = authorPage(sort, direction, categoryKeys.length > 0)
      return toFound(await statement.all({ author: authorId, size, offset: page * size, keys: JSON.stringify(categoryKeys) }))
    },
    /** Public sets that hold every term in their text or belong to one of the term's categories. */
    async search(terms: { text: string; categoryIds: number[] }[], limit: number, offset: number): Promise<Found> {
      const params: Record<string, unknown> = { size: limit, offset }
      for (const [n, { text, categoryIds }] of terms.entries()) {
        params[`term${n}`] = text
        params[`categories${n}`] = JSON.stringify(categoryIds)
      }
      return toFound(await search(terms.length).all(params))
    },

    *lock(tx: Tx, id: number): Steps<SetRow | undefined> {
      return (yield* tx.run(lock, { id }))[0]
    },
    /** Keeps other creates of the name out until the transaction ends, and answers what holds it now. */
    *claimName(tx: Tx, name: string): Steps<SetRow | undefined> {
      yield* tx.exclusive(`stickerset:${name}`)
      return (yield* tx.run(findByName, { name }))[0]
    },
    /** The owner's own deleted set of the name, the last one deleted. */
    *lockDeleted(tx: Tx, name: string, userId: number): Steps<SetRow | undefined> {
      return (yield* tx.run(lockDeleted, { name, user: userId }))[0]
    },
    *insert(tx: Tx, row: SetInsert): Steps<number> {
      const [made] = yield* q(tx.insert(stickersets).values(row).returning({ id: stickersets.id }))
      return (made as { id: number }).id
    },
    *update(tx: Tx, id: number, change: SetChange): Steps<void> {
      yield tx.update(stickersets).set(change).where(eq(stickersets.id, id)).returning({ id: stickersets.id })
    },
    *setCategories(tx: Tx, id: number, categoryIds: number[]): Steps<void> {
      yield tx
        .delete(stickersetCategories)
        .where(eq(stickersetCategories.stickersetId, id))
        .returning({ id: stickersetCategories.categoryId })
      yield tx
        .insert(stickersetCategories)
        .values(categoryIds.map((categoryId) => ({ stickersetId: id, categoryId })))
        .returning({ id: stickersetCategories.categoryId })
    },
    /** The set as it is now in the transaction, with what a DTO shows. */
    *read(tx: Tx, id: number): Steps<SetParts & { row: SetRow }> {
      const [row] = yield* tx.run(find, { id })
      const categories = yield* tx.run(ofOne.categories, { id })
      const descriptions = yield* tx.run(ofOne.descriptions, { id })
      return { row: row as SetRow, categories, descriptions }
    },
    *isLiked(tx: Tx, id: number, userId: number): Steps<boolean> {
      return (yield* tx.run(likes, { id, user: userId })).length > 0
    },
    *audit(
      tx: Tx,
      entry: { at: Date; service: string; operation: Operation; stickersetId: number; userId: number | null; requestId: string },
    ): Steps<void> {
      yield tx.insert(stickersetAudit).values(entry).returning({ id: stickersetAudit.id })
    },
  }
}
export type StickersetsRepository = ReturnType<typeof stickersetsRepository>
