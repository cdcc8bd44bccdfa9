import type { ProductRow } from '../catalog/repository.ts'
import { fold, type Profile } from './profile.ts'

/** A product's texts, folded once. */
export interface FoldedProduct {
  /** Title and description. */
  text: string
  category: string
  merchant: string
}
export const foldProduct = (row: ProductRow): FoldedProduct => ({
  text: fold(`${row.title}\n${row.description ?? ''}`),
  category: fold(row.category ?? ''),
  merchant: fold(row.merchant ?? ''),
})

/** Tells adult goods: those whose raw data says so, or that have one of the words (`ADULT_KEYWORDS`) at the start of a word. */
export const adultFilter = (keywords: readonly string[]) => {
  const escaped = keywords.map((keyword) => fold(keyword).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).filter((word) => word !== '')
  // At the start only: "унисекс" is no adult word.
  const pattern = escaped.length === 0 ? undefined : new RegExp(`(?<![\\p{L}\\p{N}])(?:${escaped.join('|')})`, 'u')
  return (row: ProductRow, { text, category }: FoldedProduct): boolean => {
    const told = (row.raw as { adult?: unknown } | null)?.adult
    if (told === true || told === 1 || (typeof told === 'string' && /^(?:true|yes|1)$/i.test(told.trim()))) return true
    return pattern !== undefined && (pattern.test(text) || pattern.test(category))
  }
}

/** Whether a product may be recommended: exclusions, price bounds, budget, adult goods (gifty §6, rule 1). */
export const createConstraints = (adultKeywords: readonly string[]) => {
  const isAdult = adultFilter(adultKeywords)
  return (profile: Profile, row: ProductRow, folded: FoldedProduct): boolean => {
    const { exclude, minPrice, maxPrice } = profile
    if (!row.isActive) return false
    if (minPrice !== undefined && !(row.price !== null && row.price >= minPrice)) return false
    if (maxPrice !== undefined && !(row.price !== null && row.price <= maxPrice)) return false
    if (exclude.categories.has(folded.category) || exclude.merchants.has(folded.merchant)) return false
    if (exclude.itemTypes.some((type) => folded.category.includes(type))) return false
    if (exclude.keywords.some((keyword) => folded.text.includes(keyword))) return false
    return profile.adultAllowed || !isAdult(row, folded)
  }
}
export type Constraints = ReturnType<typeof createConstraints>
