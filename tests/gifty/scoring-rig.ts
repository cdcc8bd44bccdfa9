import type { Rig } from './rig.ts'

/** A score as a worker submits it. */
export const scored = (giftId: string, more: Record<string, unknown> = {}) => ({
  gift_id: giftId,
  llm_gift_score: 7.5,
  llm_gift_reasoning: 'A fine gift',
  llm_scoring_model: 'judge',
  llm_scoring_version: '1',
  ...more,
})
export const giftId = (n: number | string) => `shop:https://shop.example/p/${n}`

/** The numbers of the products a worker gets; without a name it is a simple client. */
export const poll = async (app: Rig, worker?: string, limit = 50, more = ''): Promise<string[]> =>
  (await app.ok('GET', `/internal/scoring/tasks?limit=${limit}${worker === undefined ? '' : `&worker_id=${worker}`}${more}`)).map(
    (task: any) => task.gift_id.slice(giftId('').length),
  )
export const submit = (app: Rig, ...results: unknown[]) => app.post('/internal/scoring/submit', { results })
export const readProduct = (app: Rig, n: number | string) => app.ok('GET', `/internal/products/${encodeURIComponent(giftId(n))}`)
export const unscored = async (app: Rig): Promise<number> => (await app.ok('GET', '/internal/stats')).unscored_total
