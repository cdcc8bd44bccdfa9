import { sql } from 'drizzle-orm'
import { defineTables } from '../../platform/db/kit.ts'

/** Category names of the shops, and the catalogue's own tree that they are mapped to (gifty §12). */
export const categoriesTables = defineTables((k) => {
  const categoryMaps = k.table(
    'category_maps',
    {
      id: k.serial(),
      externalName: k.text().notNull(),
      nameHash: k.text().notNull(),
      internalCategoryId: k.big(),
      isVerified: k.bool().notNull().default(false),
      createdAt: k.at().notNull(),
      updatedAt: k.at().notNull(),
    },
    (t) => [
      k.unique('category_maps_name_uq').on(t.nameHash),
      k.index('category_maps_unmapped_ix').on(t.id).where(sql`${t.internalCategoryId} is null`),
    ],
  )
  const internalCategories = k.table(
    'internal_categories',
    {
      id: k.big().primaryKey(),
      name: k.text().notNull(),
      parentId: k.big().references((): any => internalCategories.id),
      createdAt: k.at().notNull(),
      updatedAt: k.at().notNull(),
    },
    (t) => [k.index('internal_categories_parent_ix').on(t.parentId)],
  )
  return { categoryMaps, internalCategories }
})
