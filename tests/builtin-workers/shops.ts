/** Shops as common engines write them, made from a seed: what a person reads on them is known. Markup by hand, texts invented. */

/** A product as a person reads it. */
export interface ShopProduct {
  title: string
  /** Path and query of its page. */
  path: string
  price: number
  currency: string
  category: string
  image: string
}
export interface Shop {
  engine: string
  /** Where a crawl begins. */
  home: string
  /** HTML by path and query. */
  pages: Record<string, string>
  products: ShopProduct[]
}

const random = (seed: number) => () => {
  // xorshift32
  seed ^= seed << 13
  seed ^= seed >>> 17
  seed ^= seed << 5
  return (seed >>> 0) / 2 ** 32
}
const CATEGORIES = [
  ['Чай', 'tea'],
  ['Кофе', 'coffee'],
  ['Посуда', 'dishes'],
  ['Сладости', 'sweets'],
  ['Подарки', 'gifts'],
] as const
const ADJECTIVES = ['Зелёный', 'Чёрный', 'Красный', 'Белый', 'Крепкий', 'Нежный', 'Горный', 'Лесной', 'Редкий', 'Большой']
const NOUNS = ['набор', 'сбор', 'букет', 'куб', 'ряд', 'лист', 'плод', 'мир', 'день', 'сон']
const PER_CATEGORY = 20
const PER_PAGE = 8

interface Section {
  name: string
  slug: string
  number: number
  products: (ShopProduct & { slug: string; number: number; old: number | undefined })[]
}

interface Engine {
  name: string
  currency: string
  /** Prices of the shop: whole, or with hundredths. */
  cents: boolean
  home: string
  category(section: Pick<Section, 'slug' | 'number'>, page: number): string
  product(section: Pick<Section, 'slug' | 'number'>, product: { slug: string; number: number }): string
  /** The whole page around a content. */
  frame(sections: Section[], content: string, head?: string): string
  listing(
    section: Section,
    shown: Section['products'],
    pages: { current: number; count: number; address(page: number): string },
  ): string
  page(section: Section, product: Section['products'][number]): { head?: string; content: string }
}

const roubles = (price: number) => `${String(price).replace(/\B(?=(\d{3})+$)/g, '\u00a0')} ₽`
const euros = (price: number) =>
  `${price
    .toFixed(2)
    .replace('.', ',')
    .replace(/\B(?=(\d{3})+,)/g, '.')} €`
const dollars = (price: number) => `$${price.toFixed(2).replace(/\B(?=(\d{3})+\.)/g, ',')}`
const ld = (value: object) =>
  `<script type="application/ld+json">${JSON.stringify({ '@context': 'https://schema.org', ...value })}</script>`
const pager = (pages: { current: number; count: number; address(page: number): string }, name: string) =>
  pages.count < 2
    ? ''
    : `<div class="${name}">${Array.from({ length: pages.count }, (_, n) => (n + 1 === pages.current ? `<span>${n + 1}</span>` : `<a href="${pages.address(n + 1)}">${n + 1}</a>`)).join(' ')}</div>`

/** Sections below a catalogue, microdata, addresses of directories, `PAGEN_1`. */
const bitrix: Engine = {
  name: 'Bitrix-like',
  currency: 'RUB',
  cents: false,
  home: '/catalog/',
  category: ({ slug }, page) => `/catalog/${slug}/${page > 1 ? `?PAGEN_1=${page}` : ''}`,
  product: ({ slug }, product) => `/catalog/${slug}/${product.slug}/`,
  frame: (sections, content) =>
    `<!doctype html><html lang="ru"><body><header><a href="/">Лавка</a> <a href="/personal/cart/">Корзина</a> <a href="/about/delivery/">Доставка</a></header>
     <nav class="bx-top-nav-container">${sections.map(({ name, slug }) => `<a href="/catalog/${slug}/">${name} <span>${PER_CATEGORY}</span></a>`).join('')}</nav>${content}
     <footer><a href="/contacts/">Контакты</a></footer></body></html>`,
  listing: (section, shown, pages) =>
    `<h1>${section.name}</h1><div class="catalog-section bx-blue">${shown
      .map(
        ({
          title,
          path,
          price,
          old,
          image,
        }) => `<div class="bx_catalog_item"><a href="${path}" class="bx_catalog_item_images"><img src="${image}" alt=""></a>
        <div class="bx_catalog_item_title"><a href="${path}">${title}</a></div><div class="bx_catalog_item_price">${roubles(price)}${old ? ` <s>${roubles(old)}</s>` : ''}</div>
        <a class="btn" rel="nofollow" href="?action=ADD2BASKET&amp;id=1">В корзину</a></div>`,
      )
      .join('')}</div>${pager(pages, 'bx-pagination')}`,
  page: (section, { title, price, old, image }) => ({
    content: `<div class="bx-breadcrumb" itemscope itemtype="http://schema.org/BreadcrumbList">
      <div itemprop="itemListElement" itemscope itemtype="http://schema.org/ListItem"><a itemprop="item" href="/"><span itemprop="name">Главная</span></a><meta itemprop="position" content="1"></div>
      <div itemprop="itemListElement" itemscope itemtype="http://schema.org/ListItem"><a itemprop="item" href="/catalog/${section.slug}/"><span itemprop="name">${section.name}</span></a><meta itemprop="position" content="2"></div>
      <div><span>${title}</span></div></div>
      <div class="bx_item_detail" itemscope itemtype="http://schema.org/Product"><h1 itemprop="name">${title}</h1><img itemprop="image" src="/upload/blank.gif" data-src="${image}">
      <span itemprop="offers" itemscope itemtype="http://schema.org/Offer"><span class="item_old_price">${old ? roubles(old) : ''}</span><span class="item_current_price">${roubles(price)}</span>
      <meta itemprop="price" content="${price}"><meta itemprop="priceCurrency" content="RUB"><link itemprop="availability" href="http://schema.org/InStock"></span>
      <div itemprop="description"><p>Состав:</p><ul><li>вода</li><li>сахар</li></ul></div></div>`,
  }),
}

/** JSON-LD graphs with references, `/page/2/`, counts in menus. */
const woocommerce: Engine = {
  name: 'WooCommerce-like',
  currency: 'EUR',
  cents: true,
  home: '/shop/',
  category: ({ slug }, page) => `/product-category/${slug}/${page > 1 ? `page/${page}/` : ''}`,
  product: (_, { slug }) => `/product/${slug}/`,
  frame: (sections, content, head = '') =>
    `<!doctype html><html lang="de"><head>${head}</head><body class="woocommerce"><nav class="main-navigation"><ul>
     <li class="menu-item"><a href="/shop/">Shop</a></li><li class="menu-item"><a href="/my-account/">Konto</a></li><li class="menu-item"><a href="/cart/">Warenkorb</a></li></ul></nav>
     <aside class="widget_product_categories"><ul class="product-categories">${sections.map(({ name, slug }) => `<li class="cat-item"><a href="/product-category/${slug}/">${name}</a> <span class="count">(${PER_CATEGORY})</span></li>`).join('')}</ul></aside>
     <main>${content}</main></body></html>`,
  listing: (section, shown, pages) =>
    `<h1>${section.name}</h1><ul class="products columns-4">${shown
      .map(
        ({ title, path, price, old, image }) =>
          `<li class="product type-product"><a href="${path}" class="woocommerce-LoopProduct-link"><img src="${image}"><h2>${title}</h2><span class="price">${old ? `<del><bdi>${euros(old)}</bdi></del> ` : ''}<ins><bdi>${euros(price)}</bdi></ins></span></a><a href="?add-to-cart=7" rel="nofollow">Kaufen</a></li>`,
      )
      .join('')}</ul>${pager(pages, 'woocommerce-pagination')}`,
  page: (section, { title, path, price, old, image }) => ({
    head: `<link rel="canonical" href="${path}">${ld({
      '@graph': [
        {
          '@type': 'WebPage',
          '@id': `${path}#page`,
          url: path,
          name: `${title} – Laden`,
          breadcrumb: { '@id': `${path}#crumbs` },
        },
        {
          '@type': 'BreadcrumbList',
          '@id': `${path}#crumbs`,
          itemListElement: [
            { '@type': 'ListItem', position: 1, item: { '@id': '/', name: 'Startseite' } },
            { '@type': 'ListItem', position: 2, item: { '@id': `/product-category/${section.slug}/`, name: section.name } },
            { '@type': 'ListItem', position: 3, item: { '@id': path, name: title } },
          ],
        },
        {
          '@type': 'Product',
          '@id': `${path}#product`,
          name: title.replaceAll('"', '&quot;'),
          image: { '@id': `${path}#picture` },
          offers: [
            {
              '@type': 'Offer',
              priceSpecification: [
                ...(old
                  ? [
                      {
                        '@type': 'UnitPriceSpecification',
                        price: old.toFixed(2),
                        priceCurrency: 'EUR',
                        priceType: 'https://schema.org/ListPrice',
                      },
                    ]
                  : []),
                { '@type': 'UnitPriceSpecification', price: price.toFixed(2), priceCurrency: 'EUR' },
              ],
              availability: 'http://schema.org/InStock',
            },
          ],
        },
        { '@type': 'ImageObject', '@id': `${path}#picture`, url: image },
      ],
    })}`,
    content: `<h1 class="product_title">${title}</h1><p class="price">${euros(price)}</p><section class="related products"><ul><li class="product"><a href="/product/nothing-here/">Auch schön</a></li></ul></section>`,
  }),
}

/** Addresses of queries, OpenGraph marks alone. */
const opencart: Engine = {
  name: 'OpenCart-like',
  currency: 'USD',
  cents: true,
  home: '/index.php?route=common/home',
  category: ({ number }, page) => `/index.php?route=product/category&path=${number}${page > 1 ? `&page=${page}` : ''}`,
  product: (section, { number }) => `/index.php?route=product/product&path=${section.number}&product_id=${number}`,
  frame: (sections, content, head = '') =>
    `<!doctype html><html lang="en" prefix="og: https://ogp.me/ns#"><head>${head}</head><body><nav id="top"><a href="/index.php?route=account/login">Login</a> <a href="/index.php?route=information/contact">Contact us</a> <a href="/index.php?route=checkout/cart">Shopping cart</a></nav>
     <nav id="menu" class="navbar"><ul>${sections.map(({ name, number }) => `<li><a href="/index.php?route=product/category&amp;path=${number}">${name}</a></li>`).join('')}</ul></nav><div id="content">${content}</div></body></html>`,
  listing: (section, shown, pages) =>
    `<h2>${section.name}</h2><div class="row">${shown
      .map(
        ({ title, path, price, old, image }) =>
          `<div class="product-layout col-lg-3"><div class="product-thumb"><div class="image"><a href="${path.replaceAll('&', '&amp;')}"><img src="${image}"></a></div><div class="caption"><h4><a href="${path.replaceAll('&', '&amp;')}">${title}</a></h4><p class="price">${old ? `<span class="price-new">${dollars(price)}</span> <span class="price-old">${dollars(old)}</span>` : dollars(price)}</p></div><button onclick="cart.add('1')">Add</button></div></div>`,
      )
      .join('')}</div>${pager({ ...pages, address: (page) => pages.address(page).replaceAll('&', '&amp;') }, 'pagination')}`,
  page: (section, { title, path, price, old, image }) => ({
    head: `<meta property="og:type" content="product"><meta property="og:title" content="${title.replaceAll('"', '&quot;')}"><meta property="og:url" content="${path.replaceAll('&', '&amp;')}"><meta property="og:image" content="${image}">
      <meta property="product:price:amount" content="${(old ?? price).toFixed(2)}"><meta property="product:price:currency" content="USD">${old ? `<meta property="product:sale_price:amount" content="${price.toFixed(2)}"><meta property="product:sale_price:currency" content="USD">` : ''}`,
    content: `<ul class="breadcrumb" itemscope itemtype="https://schema.org/BreadcrumbList"><li itemprop="itemListElement" itemscope itemtype="https://schema.org/ListItem"><a itemprop="item" href="/index.php?route=common/home"><i itemprop="name">Home</i></a></li>
      <li itemprop="itemListElement" itemscope itemtype="https://schema.org/ListItem"><a itemprop="item" href="/index.php?route=product/category&amp;path=${section.number}"><span itemprop="name">${section.name}</span></a></li>
      <li itemprop="itemListElement" itemscope itemtype="https://schema.org/ListItem"><a itemprop="item" href="${path.replaceAll('&', '&amp;')}"><span itemprop="name">${title}</span></a></li></ul><h1>${title}</h1><h2>${dollars(price)}</h2>`,
  }),
}

/** Product groups whose variants differ, `rel=next`, products below collections. */
const shopify: Engine = {
  name: 'Shopify-like',
  currency: 'USD',
  cents: true,
  home: '/',
  category: ({ slug }, page) => `/collections/${slug}${page > 1 ? `?page=${page}` : ''}`,
  product: (section, { slug }) => `/collections/${section.slug}/products/${slug}`,
  frame: (sections, content, head = '') =>
    `<!doctype html><html lang="en"><head>${head}</head><body><header><nav>${sections.map(({ name, slug }) => `<a href="/collections/${slug}">${name}</a>`).join('')}<a href="/pages/contact">Contact</a></nav><a href="/cart">Cart</a></header>${content}</body></html>`,
  listing: (section, shown, pages) =>
    `<h1>Collection: ${section.name}</h1><ul class="grid product-grid">${shown
      .map(
        ({ title, path }) =>
          `<li class="grid__item"><div class="card-wrapper"><h3 class="card__heading"><a href="${path}">${title}</a></h3></div></li>`,
      )
      .join(
        '',
      )}</ul>${pages.current < pages.count ? `<nav class="pagination"><a rel="next" href="${pages.address(pages.current + 1)}">Next</a></nav>` : ''}`,
  page: (section, { title, path, price, image }) => ({
    head: `${ld({
      '@type': 'ProductGroup',
      name: title,
      url: path,
      category: 'All',
      hasVariant: [
        {
          '@type': 'Product',
          name: `${title} XL`,
          offers: {
            '@type': 'Offer',
            price: price + 20,
            priceCurrency: 'USD',
            availability: 'https://schema.org/InStock',
            url: `${path}?variant=2`,
          },
        },
        {
          '@type': 'Product',
          name: `${title} S`,
          image: [`${image}`],
          offers: {
            '@type': 'Offer',
            price,
            priceCurrency: 'USD',
            availability: 'https://schema.org/InStock',
            url: `${path}?variant=1`,
          },
        },
        {
          '@type': 'Product',
          name: `${title} XS`,
          offers: {
            '@type': 'Offer',
            price: price / 2,
            priceCurrency: 'USD',
            availability: 'https://schema.org/SoldOut',
            url: `${path}?variant=3`,
          },
        },
      ],
    })}${ld({
      '@type': 'BreadcrumbList',
      itemListElement: [
        { '@type': 'ListItem', position: 1, name: 'Home', item: '/' },
        { '@type': 'ListItem', position: 2, name: section.name, item: `/collections/${section.slug}` },
        { '@type': 'ListItem', position: 3, name: title },
      ],
    })}
      <meta property="og:image" content="${image}">`,
    content: `<h1>${title}</h1><span class="price">${dollars(price)}</span>`,
  }),
}

/** Cards without a class or a mark; the product's page has RDFa. */
const plain: Engine = {
  name: 'plain cards',
  currency: 'RUB',
  cents: false,
  home: '/',
  category: ({ slug }, page) => `/${slug}${page > 1 ? `-${page}` : ''}.html${page > 1 ? `?page=${page}` : ''}`,
  product: (_, { slug }) => `/${slug}.html`,
  frame: (sections, content) =>
    `<!doctype html><html lang="ru"><body><ul class="menu">${sections.map(({ name, slug }) => `<li><a href="/${slug}.html">${name}</a></li>`).join('')}<li><a href="/about.html">О нас</a></li></ul><div>${content}</div></body></html>`,
  listing: (section, shown, pages) =>
    `<h1>${section.name}</h1><div>${shown
      .map(
        ({ title, path, price, image }) =>
          `<div><a href="${path}"><img src="${image}"></a><div><a href="${path}">${title}</a></div><b>${roubles(price)}</b></div>`,
      )
      .join('')}</div>${pager(pages, 'pages')}`,
  page: (section, { title, price, image }) => ({
    content: `<ol vocab="https://schema.org/" typeof="BreadcrumbList"><li property="itemListElement" typeof="ListItem"><a property="item" typeof="WebPage" href="/"><span property="name">Главная</span></a><meta property="position" content="1"></li>
      <li property="itemListElement" typeof="ListItem"><a property="item" typeof="WebPage" href="/${section.slug}.html"><span property="name">${section.name}</span></a><meta property="position" content="2"></li></ol>
      <div vocab="https://schema.org/" typeof="Product"><h1 property="name">${title}</h1><img property="image" src="${image}"><div property="offers" typeof="Offer"><span property="price" content="${price}">${roubles(price)}</span><meta property="priceCurrency" content="RUB"></div></div>`,
  }),
}

const makeShop = (engine: Engine, seed: number): Shop => {
  const next = random(seed)
  const pages: Record<string, string> = {}
  const sections = CATEGORIES.map(([name, slug], at): Section => {
    const place = { slug, number: 20 + at }
    const products = Array.from({ length: PER_CATEGORY }, (_, n) => {
      const number = at * PER_CATEGORY + n + 1
      const title = `${ADJECTIVES[n % 10]} ${NOUNS[Math.floor(next() * 10)]} «${name}» ${number}`
      const whole = 100 + Math.floor(next() * 9900)
      const price = engine.cents ? whole / 4 : whole
      const own = { slug: `${slug}-item-${number}`, number }
      const old = next() < 0.3 ? price * 2 : undefined
      return {
        ...own,
        title,
        path: engine.product(place, own),
        price,
        currency: engine.currency,
        category: name,
        image: `/img/${number}.jpg`,
        old,
      }
    })
    return { name, ...place, products }
  })
  const tiles = sections
    .map((section) => `<a href="${engine.category(section, 1).replaceAll('&', '&amp;')}">${section.name}</a>`)
    .join(' ')
  pages[engine.home] = engine.frame(sections, `<h1>Добро пожаловать</h1><p>${tiles}</p>`)
  for (const section of sections) {
    const count = Math.ceil(section.products.length / PER_PAGE)
    for (let page = 1; page <= count; page++) {
      const shown = section.products.slice((page - 1) * PER_PAGE, page * PER_PAGE)
      const address = (at: number) => engine.category(section, at)
      pages[address(page)] = engine.frame(sections, engine.listing(section, shown, { current: page, count, address }))
    }
    for (const product of section.products) {
      const { head, content } = engine.page(section, product)
      pages[product.path] = engine.frame(sections, content, head)
    }
  }
  const products = sections.flatMap((section) =>
    section.products.map(({ title, path, price, currency, category, image }) => ({
      title,
      path,
      price,
      currency,
      category,
      image,
    })),
  )
  return { engine: engine.name, home: engine.home, pages, products }
}

/** Five shops of a hundred products each. */
export const makeShops = (seed: number): Shop[] =>
  [bitrix, woocommerce, opencart, shopify, plain].map((engine, n) => makeShop(engine, seed + n * 7919))
