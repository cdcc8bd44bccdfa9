import { describe, expect, test } from 'bun:test'
import { composeProblems } from '../../scripts/compose.ts'
import { observabilityProblems, readExpression, readMetrics, unknownIn } from '../../scripts/observability.ts'

const read = (file: string) => Bun.file(`deploy/${file}`).text()
const files = {
  compose: await read('compose.yaml'),
  example: await read('.env.example'),
  prometheus: await read('prometheus/prometheus.yml'),
  version: (await Bun.file('package.json').json()).version as string,
}
/** What the check says once a text of one file is another. */
const after = (file: keyof typeof files, from: string | RegExp, to: string) => {
  const changed = files[file].replace(from, to)
  expect(changed).not.toBe(files[file])
  return composeProblems({ ...files, [file]: changed }).join('\n')
}

test('the image sets the allocator as `bun run start` does', async () => {
  const settings = (text: string) => [...text.matchAll(/MIMALLOC_\w+=\S+/g)].map(([setting]) => setting)
  const started = settings((await Bun.file('package.json').json()).scripts.start)
  expect(started).toHaveLength(3)
  expect(settings(await Bun.file('Dockerfile').text())).toEqual(started)
})

describe('compose.yaml', () => {
  test('architecture §12: every service, variable, port and volume is as it has to be', () => {
    expect(composeProblems(files)).toEqual([])
  })

  test.each([
    ['an image without a version', 'compose', 'redis:7.4.2-alpine', 'redis:latest', 'is not pinned'],
    ['an image of a whole series', 'compose', 'redis:7.4.2-alpine', 'redis:7', 'is not pinned'],
    ['another release', 'compose', 'trawl:0.1.0', 'trawl:0.0.9', 'is not of this release'],
    ['no health check', 'compose', "['CMD', 'redis-cli', 'ping']", '[]', 'redis: no health check'],
    ['an open Redis', 'compose', "'--requirepass', ", '', 'redis: it is open to every process'],
    ['no limit of memory', 'compose', 'mem_limit: 1g', '', 'may take all memory'],
    ['new privileges', 'compose', "security_opt: ['no-new-privileges:true']", 'security_opt: []', 'may gain privileges'],
    ['a root that can be written', 'compose', 'read_only: true', 'read_only: false', 'it has capabilities'],
    ['capabilities', 'compose', 'cap_drop: [ALL]', '', 'it has capabilities'],
    ['an unknown variable', 'compose', 'DATABASE_POOL_MAX:', 'DATABASE_POOL_MAXIMUM:', 'is no variable of Trawl'],
    ['a value no process takes', 'compose', 'ROLE: scheduler', 'ROLE: schedules', 'ROLE'],
    ['a development secret', 'compose', /INTERNAL_API_TOKEN: .*/, 'INTERNAL_API_TOKEN: dev-internal-token', 'is a secret inline'],
    [
      'a password in a URL',
      'compose',
      /DATABASE_URL: .*/,
      'DATABASE_URL: postgres://trawl:trawl@postgres/trawl',
      'password inline',
    ],
    ['a secret with a default', 'compose', ':?set it in .env}', ':-secret}', 'with a default'],
    ['a secret that is missing in the example', 'example', 'METRICS_TOKEN=', '', '.env.example does not list METRICS_TOKEN'],
    ['a port for the whole world', 'compose', '127.0.0.1:3000:3000', '3000:3000', 'open to the world'],
    ['a port twice', 'compose', '127.0.0.1:3001:3000', '127.0.0.1:3000:3000', 'is taken by api-1'],
    ['a volume that is not declared', 'compose', "'worker-data:/data'", "'work:/data'", 'the volume work is not declared'],
    ['a file that is not there', 'compose', './prometheus/rules.yml:', './prometheus/alerts.yml:', 'does not exist'],
    ['a process that is not scraped', 'prometheus', "'api-1:3000', ", '', 'api-1 is not scraped'],
    ['a scraped process of another role', 'prometheus', '{ role: worker }', '{ role: api }', 'worker has the role worker'],
    ['too few connections', 'compose', 'max_connections=80', 'max_connections=40', 'too few'],
    [
      'one api process',
      'compose',
      'environment: { <<: *environment, ROLE: api }',
      'environment: { <<: *environment, ROLE: all }',
      'the role api',
    ],
    ['no YAML', 'compose', 'services:', 'services: [', 'no YAML'],
  ] as const)('the check finds %s', (_, file, from, to, problem) => expect(after(file, from, to)).toContain(problem))
})

describe('alert rules and dashboard', () => {
  test('every metric and label they use is in a recorded /metrics, and every alert is tested', async () => {
    expect(await observabilityProblems()).toEqual([])
  })

  test('an expression is read for its metrics and labels', () => {
    const read = readExpression(
      'histogram_quantile(0.9, sum by (le, a) (rate(x_bucket{b="y{z}", c!~"q"}[5m] offset 1h))) > 2 and on (d) max(up) unless -Inf',
    )
    expect([[...read.metrics].sort(), [...read.labels].sort()]).toEqual([
      ['up', 'x_bucket'],
      ['a', 'b', 'c', 'd', 'le'],
    ])
  })

  test('what /metrics does not say is found', () => {
    const known = readMetrics('# HELP x X\nx_total{a="1",b="}"} 3\ny 1\n')
    expect(unknownIn(known, [['r', 'sum by (a, job) (rate(x_total{b="1"}[5m])) / y > up']])).toEqual([])
    expect(unknownIn(known, [['r', 'sum by (c) (rate(z_total[5m])) > 1']])).toEqual([
      'r: /metrics has no z_total',
      'r: none of its metrics has a label c',
    ])
    expect(unknownIn(known, [['r', '1 > 0']])).toEqual(['r: names no metric'])
  })
})
