import type { z } from 'zod'
import type { FieldProblem } from '../../errors.ts'
import { normaliseUrl } from '../catalog/identity.ts'
import { scrapedProduct } from '../catalog/model.ts'
import type { CheckedProduct } from '../catalog/store.ts'
import { fieldProblem, shownInput } from '../envelope.ts'
import { type IngestAnswer, type ScrapedCategory, scrapedCategory } from './model.ts'

/** Elements checked between two turns of the event loop: a large batch must not hold up other requests. */
const SLICE = 500
const MAX_SOURCE_URL = 2048

export interface CheckedCategory {
  category: ScrapedCategory
  url: string
}
export interface CheckedElements {
  products: CheckedProduct[]
  categories: CheckedCategory[]
  rejected: IngestAnswer['rejected']
  /** The problems of the rejected elements, for the answer when nothing is left. */
  problems: FieldProblem[]
}

/** Checks every element on its own (gifty §3). `strip` are the query parameters the source drops. */
export const checkElements = async (
  items: unknown[],
  categories: unknown[],
  strip: ReadonlySet<string>,
): Promise<CheckedElements> => {
  const checked: CheckedElements = { products: [], categories: [], rejected: [], problems: [] }
  const reject = (kind: 'item' | 'category', index: number, found: FieldProblem[]) => {
    checked.rejected.push({ kind, index, errors: found.map(({ loc, msg }) => ({ field: loc.slice(3).join('.'), message: msg })) })
    if (checked.problems.length < 100) checked.problems.push(...found.slice(0, 100 - checked.problems.length))
  }
  const explain = (schema: z.ZodType, value: unknown, base: (string | number)[]) => {
    const again = schema.safeParse(value, { reportInput: true })
    return again.success ? [] : again.error.issues.map((issue) => fieldProblem(issue, base))
  }
  const badUrl = (base: (string | number)[], field: string, input: string): FieldProblem => ({
    type: 'value_error',
    loc: [...base, field],
    msg: 'Input should be an http or https URL',
    input: shownInput(input, []),
  })

  for (let index = 0; index < items.length; index++) {
    if (index > 0 && index % SLICE === 0) await new Promise((resolve) => setImmediate(resolve))
    const result = scrapedProduct.safeParse(items[index])
    const base = ['body', 'items', index]
    if (!result.success) {
      reject('item', index, explain(scrapedProduct, items[index], base))
      continue
    }
    const url = normaliseUrl(result.data.product_url, strip)
    if (url === undefined) reject('item', index, [badUrl(base, 'product_url', result.data.product_url)])
    else checked.products.push({ product: result.data, url })
  }
  for (let index = 0; index < categories.length; index++) {
    if (index > 0 && index % SLICE === 0) await new Promise((resolve) => setImmediate(resolve))
    const result = scrapedCategory.safeParse(categories[index])
    const base = ['body', 'categories', index]
    if (!result.success) {
      reject('category', index, explain(scrapedCategory, categories[index], base))
      continue
    }
    const url = normaliseUrl(result.data.url, strip)
    // Encoding may have made it longer than the url of a source can be.
    if (url === undefined || url.length > MAX_SOURCE_URL) reject('category', index, [badUrl(base, 'url', result.data.url)])
    else checked.categories.push({ category: result.data, url })
  }
  return checked
}
