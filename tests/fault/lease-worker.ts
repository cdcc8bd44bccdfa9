// A worker that can be frozen: leases one task at a time, brings its products in ten batches, completes it. Says each step as JSON.
export {}

const [origin, worker_id] = process.argv.slice(2) as [string, string]
const headers = { 'content-type': 'application/json', 'x-internal-token': 'dev-internal-token' }
const post = async (path: string, body: unknown) => {
  const response = await fetch(`${origin}/internal${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  return { status: response.status, body: (await response.json()) as any }
}
const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`)

for (;;) {
  const { body } = await post('/workers/lease', { worker_id, kinds: ['source.run'], lease_seconds: 5, wait_seconds: 5 })
  for (const { id, fence, payload } of body.tasks ?? []) {
    say({ said: 'leased', id, fence })
    const lease = { worker_id, fence }
    let status = 200
    for (let part = 0; part < 10 && status === 200; part++) {
      const items = Array.from({ length: 10 }, (_, n) => ({
        title: `Gift ${part}.${n}`,
        product_url: `${payload.url}${part}/${n}`,
        site_key: payload.site_key,
        price: 1,
      }))
      ;({ status } = await post('/ingest-batch', { source_id: payload.source_id, items, task_id: id, ...lease }))
      say({ said: 'batch', id, fence, part, status })
      // The work itself: long enough that a test can take the worker away in the middle.
      await Bun.sleep(100)
    }
    if (status === 200) ({ status } = await post(`/workers/tasks/${id}/complete`, { ...lease, result: {} }))
    say({ said: 'ended', id, fence, status })
  }
}
