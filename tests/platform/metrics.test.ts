import { expect, test } from 'bun:test'
import { createMetrics } from '../../src/platform/metrics.ts'

const make = () => createMetrics({ version: 'test', dialect: 'sqlite' })
const linesOf = async (metrics: ReturnType<typeof make>, name: string) =>
  (await metrics.text(0)).split('\n').filter((line) => line.startsWith(name))

test('love-parser §2: counters, gauges and histograms are written out with their labels', async () => {
  const metrics = make()
  const calls = metrics.counter('calls_total', 'Calls')
  calls.inc({ method: 'a' })
  calls.inc({ method: 'a' }, 2)
  calls.inc({ method: 'b' }, 0)
  metrics.gauge('waiting', 'Waiting').set({ queue: 'x' }, 7)
  const times = metrics.histogram('took_seconds', 'Took', [0.1, 1])
  for (const value of [0.1, 0.5, 5]) times.observe({ job: 'j' }, value)

  expect(await linesOf(metrics, 'calls_total')).toEqual(['calls_total{method="a"} 3', 'calls_total{method="b"} 0'])
  expect(await linesOf(metrics, 'waiting')).toEqual(['waiting{queue="x"} 7'])
  expect(await linesOf(metrics, 'took_seconds')).toEqual([
    'took_seconds_bucket{le="0.1",job="j"} 1',
    'took_seconds_bucket{le="1",job="j"} 2',
    'took_seconds_bucket{le="+Inf",job="j"} 3',
    'took_seconds_sum{job="j"} 5.6',
    'took_seconds_count{job="j"} 3',
  ])
})

test('a metric of the same name is the same one, and one defined after a scrape is seen by the next', async () => {
  const metrics = make()
  metrics.counter('early_total', 'Early').inc()
  expect(await linesOf(metrics, 'early_total')).toEqual(['early_total 1'])
  metrics.counter('early_total', 'Early').inc()
  metrics.counter('late_total', 'Late').inc({}, 0)
  expect(await linesOf(metrics, 'early_total')).toEqual(['early_total 2'])
  expect(await linesOf(metrics, 'late_total')).toEqual(['late_total 0'])
})

test('a gauge that is set anew forgets what is gone', async () => {
  const metrics = make()
  const gauge = metrics.gauge('size', 'Size')
  metrics.onScrape({
    async refresh() {
      gauge.reset()
      gauge.set({ queue: 'now' }, 1)
    },
  })
  gauge.set({ queue: 'before' }, 3)
  expect(await linesOf(metrics, 'size')).toEqual(['size{queue="now"} 1'])
})
