// The demo shop in a process of its own, so that rendering it is nobody's time. Prints its address.
import { createDemoShop } from '../../src/ops/demo/shop.ts'

const shop = createDemoShop()
const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: (request) => shop.handle(request) ?? new Response('{}', { status: 404 }),
})
console.log(JSON.stringify({ url: server.url.href }))
