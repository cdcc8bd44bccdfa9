import text from './products.ndjson' with { type: 'text' }

export interface DemoProduct {
  id: string
  title: string
  price: number
  currency: string
  imageUrl: string
  merchant: string
  /** Place within its category, from 0: decides how its page is marked up. */
  place: number
  category: DemoCategory
}

export interface DemoCategory {
  slug: string
  name: string
  icon: string
  products: DemoProduct[]
}

export interface DemoRows {
  categories: DemoCategory[]
  bySlug: Map<string, DemoCategory>
  byId: Map<string, DemoProduct>
}

/** Order of the shop's menu. */
const CATEGORIES: [slug: string, name: string, icon: string][] = [
  ['elektronika', 'Электроника', '🎧'],
  ['bytovaya-tehnika', 'Бытовая техника', '🫖'],
  ['dom-i-sad', 'Все для дома и сада', '🏡'],
  ['odezhda', 'Одежда', '🧥'],
  ['obuv', 'Обувь', '👟'],
  ['aksessuary', 'Аксессуары', '👜'],
  ['yuvelirnye-izdeliya', 'Ювелирные изделия', '💍'],
  ['krasota-i-zdorove', 'Красота и здоровье', '🌿'],
  ['detskie-tovary', 'Детские товары', '🧸'],
  ['sport', 'Спортивные товары', '🚲'],
  ['avto-i-moto', 'Авто и мототовары', '🚗'],
  ['specodezhda', 'Спецодежда и СИЗы', '🦺'],
  ['knigi', 'Книги и канцелярия', '📚'],
]

let rows: DemoRows | undefined

/** The shop's products, parsed at the first visit, so that a start without visits does not pay for it. */
export const demoRows = (): DemoRows => {
  if (rows) return rows
  const categories = CATEGORIES.map(([slug, name, icon]): DemoCategory => ({ slug, name, icon, products: [] }))
  const byName = new Map(categories.map((category) => [category.name, category]))
  const byId = new Map<string, DemoProduct>()
  for (const line of text.split('\n')) {
    if (!line) continue
    const row = JSON.parse(line)
    const category = byName.get(row.category)
    if (!category) throw new Error(`Demo category without a slug: ${row.category}`)
    const product: DemoProduct = {
      id: String(row.raw_data.product_id),
      title: row.title,
      price: row.price,
      currency: row.currency,
      imageUrl: row.image_url,
      merchant: row.merchant,
      place: category.products.length,
      category,
    }
    category.products.push(product)
    byId.set(product.id, product)
  }
  rows = { categories, bySlug: new Map(categories.map((category) => [category.slug, category])), byId }
  return rows
}
