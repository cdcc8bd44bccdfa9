import { Elysia } from 'elysia'
import { notFound } from '../../errors.ts'

/** The demo shop under `/demo/shop`. Its rows are loaded with the first visit. */
export const demoRoutes = () => {
  let shop: Promise<{ handle(request: Request): Response | undefined }> | undefined
  const handle = async ({ request }: { request: Request }) => {
    shop ??= import('./shop.ts').then((module) => module.createDemoShop())
    const response = (await shop).handle(request)
    if (!response) throw notFound('Not found')
    return response
  }
  return new Elysia()
    .get('/demo/shop', handle, { detail: { hide: true } })
    .get('/demo/shop/*', handle, { detail: { hide: true } })
}
