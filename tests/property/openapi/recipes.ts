import { signNotification } from '../../../src/platform/robokassa.ts'
import { TOKEN as WEEEK_TOKEN } from '../../gifty/weeek-rig.ts'
import type { Lease, Pool } from './pool.ts'
import type { Random } from './random.ts'
import { ADMIN_CHAT, initDataOf, SHOP_PASSWORD, type World } from './world.ts'

/** A request as it is being made. */
export interface Draft {
  params: Record<string, unknown>
  query: Record<string, unknown>
  headers: Record<string, string>
  body: any
  /** Sent instead of the body as JSON: a form. */
  form?: Record<string, string>
}
export interface Kitchen {
  random: Random
  pool: Pool
  world: World
  /** Leases that workers hold, newest last, by family. */
  leases: Record<'gifty' | 'crawler', Lease[]>
}
type Recipe = (draft: Draft, kitchen: Kitchen) => void

const hold: Recipe = (draft, { random, leases }) => {
  if (leases.gifty.length === 0) return
  const { id, fence, worker } = random.pick(leases.gifty.slice(-6))
  draft.params.id = id
  Object.assign(draft.body, { fence, worker_id: worker })
}
const holdCrawler: Recipe = (draft, { random, leases }) => {
  if (leases.crawler.length === 0) return
  const { id, fence, worker, credentialsVersion } = random.pick(leases.crawler.slice(-6))
  draft.params.id = id
  Object.assign(draft.body, { fence, workerId: worker })
  if ('credentialsVersion' in draft.body) draft.body.credentialsVersion = credentialsVersion ?? 1
}
const task = (kitchen: Kitchen, data: any) => {
  if (typeof data !== 'object' || data === null) return
  const { random, world } = kitchen
  data.id = `t${random.int(1, 60)}`
  // Never an address of the world outside, and a GitLab that renews every token.
  if (random.chance(0.8)) data.apiEndpoint = world.gitlabEndpoint
  else delete data.apiEndpoint
  if (data.credentials) Object.assign(data.credentials, { accessToken: `glpat-${random.int(1, 5)}`, refreshToken: 'refresh' })
}
const noEndpoint: Recipe = (draft, kitchen) => task(kitchen, draft.body?.data)
const gift: Recipe = (draft, { pool }) => {
  for (const one of draft.body?.results ?? []) one.gift_id = pool.pick('gift_id') ?? one.gift_id
}
const vector = (random: Random) => Array.from({ length: 384 }, () => random.next() - 0.5)
const weeek: Recipe = (draft) => {
  if (draft.body) draft.body.telegram_chat_id = ADMIN_CHAT
  else draft.query.telegram_chat_id = ADMIN_CHAT
}
const paid: Recipe = (draft, { pool, random }) => {
  const invId = String(pool.pick('order_id') ?? 1)
  const outSum = random.pick(['450.00', '950.00', '5750', '1.00'])
  const fields = {
    OutSum: outSum,
    InvId: invId,
    SignatureValue: signNotification('sha256', { outSum, invId, shp: [] }, SHOP_PASSWORD),
  }
  if (draft.body === undefined) draft.query = fields
  else if (random.chance(0.5)) draft.form = fields
  else draft.body = fields
}

const customer: Recipe = ({ params }, { random, world }) => {
  if (random.chance(0.9)) params.id = world.customer.id
}

const site: Recipe = ({ params }, { random, pool }) => {
  if (random.chance(0.8)) params.key = pool.pick('site_key') ?? params.key
}

/** What a schema cannot say but a request has to, or it would never get beyond the first check. By operation. */
export const RECIPES: Record<string, Recipe> = {
  'GET /internal/events': ({ query }, { random }) => {
    if (random.chance(0.8)) query.topics = random.pick(['runs', 'fleet,tasks', 'attention', 'site:shop,source:1', 'run:1'])
  },
  'GET /internal/sites/{key}': site,
  'GET /internal/sites/{key}/fields': site,
  'GET /internal/series': ({ query }, { random }) => {
    if (random.chance(0.5)) {
      delete query.site_key
      delete query.kind
    }
  },
  'POST /internal/workers/tasks/{id}/heartbeat': hold,
  'POST /internal/workers/tasks/{id}/complete': hold,
  'POST /internal/workers/tasks/{id}/fail': hold,
  'POST /internal/workers/tasks/{id}/release': hold,
  'POST /internal/workers/tasks/complete': (draft, { leases, random }) => {
    if (leases.gifty.length === 0) return
    const { worker } = random.pick(leases.gifty.slice(-6))
    const own = leases.gifty.filter((lease) => lease.worker === worker).slice(-3)
    draft.body = { worker_id: worker, tasks: own.map(({ id, fence }) => ({ id, fence, result: { logs: 'x' } })) }
  },
  'POST /internal/workers/lease': ({ body }, { random }) => {
    body.kinds = random.pick([undefined, ['source.run'], ['source.run', 'notification'], null])
    body.max = random.int(1, 5)
  },
  'POST /internal/ingest-batch': ({ body, headers }, { random, leases, pool }) => {
    body.source_id = random.chance(0.5) ? 0 : (pool.pick('sources.id') ?? 0)
    for (const item of body.items) Object.assign(item, { product_url: `https://shop.example/p/${random.int(1, 80)}` })
    for (const field of ['task_id', 'worker_id', 'fence']) delete body[field]
    if (random.chance(0.2) && leases.gifty.length > 0) {
      const { id, fence, worker } = random.pick(leases.gifty.slice(-6))
      Object.assign(body, { task_id: id, fence, worker_id: worker })
    }
    if (random.chance(0.2)) headers['idempotency-key'] = `k${random.int(1, 9)}`
  },
  'POST /internal/products/search': ({ body }, { random }) => {
    if (random.chance(0.5)) {
      delete body.query
      body.vector = vector(random)
    } else {
      body.query ??= 'gift'
      delete body.vector
    }
  },
  'POST /internal/embeddings/tasks': ({ body }) => Object.assign(body, { model_name: 'other', model_version: '1' }),
  'POST /internal/embeddings/submit': ({ body }, { random, pool }) => {
    Object.assign(body, random.pick([{ model_name: 'other' }, { model_name: 'trawl-ngram' }]), { model_version: '1' })
    for (const one of body.results)
      Object.assign(one, {
        gift_id: pool.pick('gift_id') ?? 'x',
        content_hash: pool.pick('content_hash') ?? 'x',
        embedding: vector(random),
      })
  },
  'POST /internal/scoring/submit': gift,
  'POST /internal/categories/submit': ({ body }, { pool, random }) => {
    for (const one of body.results)
      Object.assign(one, { external_name: pool.pick('external_name') ?? 'x', internal_category_id: random.int(1, 6) })
  },
  'PUT /internal/categories/tree': (draft) => {
    draft.body = draft.body.map((one: any, n: number) => ({ ...one, id: n + 1, parent_id: n === 0 ? null : n }))
  },
  'POST /internal/sources': ({ body }, { random }) => {
    body.url = `https://shop.example/list/${random.int(1, 40)}`
  },
  'PATCH /internal/sources/{id}': ({ body }, { random }) => {
    if (random.chance(0.9)) delete body.url
  },
  'POST /internal/sources/backlog/activate': ({ body }, { pool }) => body.source_ids.push(pool.pick('sources.id') ?? 1),
  'POST /internal/telegram/subscribers': ({ body }, { random }) => {
    body.chat_id = random.int(1000, 1040)
  },
  'GET /internal/telegram/subscribers/by-username/{username}': ({ params }, { pool }) => {
    params.username = pool.pick('slug') ?? 'user1'
  },
  'POST /internal/telegram/invites': ({ body }, { random, pool }) => {
    Object.assign(body, { username: `user${random.int(100, 99_999)}`, password: 'a long secret' })
    delete body.mentor_id
    pool.put('invited', body.username)
  },
  'POST /internal/telegram/invites/claim': ({ body }, { random, pool }) => {
    body.chat_id = random.int(2000, 99_000)
    Object.assign(body, { username: pool.last('invited') ?? 'user1', password: 'a long secret' })
  },
  'POST /internal/webapp/auth': ({ body }, { world }) => {
    body.init_data = initDataOf(ADMIN_CHAT, world.clock.now())
  },
  'POST /internal/weeek/connect': (draft) => {
    Object.assign(draft.body, { telegram_chat_id: ADMIN_CHAT, weeek_api_token: WEEEK_TOKEN })
    delete draft.body.timezone
  },
  'GET /internal/weeek/tasks': weeek,
  'POST /internal/weeek/tasks': weeek,
  'POST /internal/weeek/tasks/{task_id}/reschedule': (draft, kitchen) => {
    weeek(draft, kitchen)
    draft.params.task_id = '1'
  },
  'POST /internal/weeek/tasks/{task_id}/complete': (draft, kitchen) => {
    weeek(draft, kitchen)
    draft.params.task_id = '1'
  },
  'POST /api/internal2/tasks': noEndpoint,
  'POST /api/internal2/tasks/bulk': (draft, kitchen) => {
    draft.body.tasks = Array.from({ length: kitchen.random.int(1, 4) }, () => {
      const one: any = { type: 'FETCH_ISSUES', credentials: {} }
      task(kitchen, one)
      return kitchen.random.chance(0.9) ? one : 'no task'
    })
  },
  'POST /api/internal2/tasks/lease': ({ body }, { random }) => {
    body.max = random.int(1, 4)
  },
  'POST /api/internal2/tasks/{id}/progress': (draft, kitchen) => {
    if (kitchen.random.chance(0.6)) holdCrawler(draft, kitchen)
    else for (const field of ['fence', 'workerId']) delete draft.body[field]
  },
  'POST /api/internal2/tasks/{id}/credentials/refresh': holdCrawler,
  'POST /api/internal2/health': ({ body }, { random }) => {
    body.operation = random.pick(['deep_check', 'clear_cache', 'other'])
  },
  'POST /api/v1/parsing/{search_id}/cancel': ({ params }, { pool }) => {
    params.search_id = pool.last('search_id') ?? params.search_id
  },
  'POST /api/v1/telegram/auth/send-code': ({ body, headers }, { random }) => {
    // A number gets five codes an hour.
    body.phone_number = `+7999${random.int(1_000_000, 9_999_999)}`
    headers['x-forwarded-for'] = `10.${random.int(0, 250)}.${random.int(0, 250)}.1`
  },
  'POST /api/v1/telegram/auth/verify-code': ({ body, headers }, { random, pool }) => {
    body.auth_session_id = pool.last('auth_session_id') ?? body.auth_session_id
    body.code = random.chance(0.9) ? '12345' : '99999'
    delete body.password
    headers['x-forwarded-for'] = `10.${random.int(0, 250)}.${random.int(0, 250)}.1`
  },
  'POST /api/v1/parsing/search': (draft, { random }) => {
    if (random.chance(0.7)) draft.body = { query: random.pick(['crypto', 'котики', 'news today']) }
  },
  'POST /api/v1/audience/segments': ({ body }, { random, pool }) => {
    body.source_parsing_id = pool.pick('search_id') ?? body.source_parsing_id
    if (random.chance(0.7)) delete body.filters
  },
  'POST /api/v1/subscriptions/webhook/robokassa': paid,
  'GET /api/v1/subscriptions/webhook/robokassa': paid,
  'GET /internal/love-parser/users/{id}': customer,
  'POST /internal/love-parser/users/{id}/block': customer,
  'POST /internal/love-parser/users/{id}/unblock': customer,
  'POST /internal/love-parser/users/{id}/plan/end': (draft, kitchen) => {
    customer(draft, kitchen)
    // Ahead, so that the plan runs on.
    if (kitchen.random.chance(0.5)) draft.body.at = new Date(kitchen.world.clock.now() + 86_400_000).toISOString()
  },
  'POST /internal/love-parser/notifications/{id}/resend': ({ params }, { random, world }) => {
    if (random.chance(0.9)) params.id = world.notification
  },
  'GET /internal/stickersets/check': ({ query }, { random }) => {
    if (random.chance(0.5)) delete query.url
    else delete query.name
    if ('url' in query) query.url = 'https://t.me/addstickers/Cats'
    else query.name = random.pick(['cats', 'dogs', 'a1'])
  },
  'POST /internal/stickersets': ({ body }, { random }) => {
    body.name = random.pick(['set', 'https://t.me/addstickers/Set']) + random.int(1, 500)
    if (body.categoryKeys) body.categoryKeys = ['animals']
  },
}
