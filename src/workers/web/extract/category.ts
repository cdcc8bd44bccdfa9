import { comparable, isHome } from './address.ts'
import { contains, nameKey } from './identity.ts'
import type { Crumb } from './product.ts'

/** Names of home pages in trails. */
const HOME = new Set(
  (
    'home,homepage,home page,main,main page,start,startseite,startpage,accueil,inicio,início,pagina inicial,página inicial,portada,hem,hjem,forside,' +
    'etusivu,strona główna,domů,domov,úvod,főoldal,kezdőlap,acasă,ana sayfa,anasayfa,αρχική,hauptseite,voorpagina,thuis,начало,главная,главная страница,' +
    'головна,на главную,магазин,shop,store,首页,首頁,ホーム,トップ,홈'
  ).split(','),
)

/**
 * The category of a product by the page's trail: its last step that is neither the home page nor, on the product's own page, the product.
 * `addresses` are those of the page; empty for what is shown on a listing, whose own step is the category. Crumbs have absolute addresses.
 */
export const categoryOf = (
  crumbs: Crumb[],
  product: string,
  { addresses, heading, siteName, page }: { addresses: string[]; heading: string; siteName?: string; page: string },
): string | undefined => {
  const steps = [...crumbs]
  const pages = new Set(addresses.map(comparable))
  const name = nameKey(product)
  const isProduct = (crumb: Crumb) => nameKey(crumb.name) === name
  if (pages.size > 0) {
    const last = steps.at(-1)
    if (last && (isProduct(last) || isOwnStep(last, steps, pages, { heading: nameKey(heading), name }))) steps.pop()
  }
  while (steps.length > 0 && isProduct(steps.at(-1)!)) steps.pop()
  const start = steps[0]
  if (start && isHomeStep(start, page, siteName)) steps.shift()
  return steps.at(-1)?.name
}

/** Whether the last step stands for the page: by its address, its heading, or since it alone has no address. */
const isOwnStep = (
  last: Crumb,
  steps: Crumb[],
  pages: Set<string>,
  { heading, name }: { heading: string; name: string },
): boolean => {
  if (last.url) return pages.has(comparable(last.url))
  const key = nameKey(last.name)
  if (heading && key === heading) return true
  if (steps.length < 2 || !steps.slice(0, -1).every(({ url }) => url)) return false
  // Behind nothing but a home page it is the only category, unless the product bears its name.
  return steps.length > 2 || contains(name, key) || contains(key, name)
}

const isHomeStep = ({ name, url }: Crumb, page: string, siteName: string | undefined): boolean => {
  if (url) return isHome(url, page) || (HOME.has(name.trim().toLowerCase()) && new URL(url).pathname.split('/').length < 4)
  const key = nameKey(name)
  if (HOME.has(name.trim().toLowerCase()) || HOME.has(key)) return true
  const host = new URL(page).hostname.replace(/^www\./, '')
  return (siteName !== undefined && key === nameKey(siteName)) || key === nameKey(host) || key === nameKey(host.split('.')[0])
}
