import { readFileSync } from 'node:fs'
import { RECORDED_METRICS } from './observability.ts'

/** What promtool (Debian package `prometheus`) says of the scrape config, the alert rules, their tests and the recorded metrics. */
const FOLDER = 'deploy/prometheus'
/** promtool's exit code for metrics that are read but not named as it likes: the contract and prom-client have chosen those names. */
const LINT = 3

const steps: [string, string[], { cwd?: string; stdin?: string; may?: number[] }][] = [
  ['scrape config', ['check', 'config', '--syntax-only', 'prometheus.yml'], {}],
  ['alert rules', ['check', 'rules', 'rules.yml'], {}],
  ['tests of the alert rules', ['test', 'rules', 'rules.test.yml'], {}],
  ['recorded metrics', ['check', 'metrics'], { cwd: '.', stdin: RECORDED_METRICS, may: [LINT] }],
]

const promtool = Bun.which('promtool')
if (!promtool) {
  console.log('promtool is not installed: apt-get install -y --no-install-recommends prometheus')
  console.log(`0 passed, ${steps.length} failed`)
  process.exit(1)
}
let failed = 0
for (const [name, args, { cwd = FOLDER, stdin, may = [] }] of steps) {
  const done = Bun.spawnSync([promtool, ...args], {
    cwd,
    stdin: stdin === undefined ? 'ignore' : readFileSync(stdin),
    stdout: 'pipe',
    stderr: 'pipe',
  })
  if (done.exitCode === 0 || may.includes(done.exitCode)) console.log(`ok    ${name}`)
  else {
    failed++
    console.log(`FAIL  ${name}\n${done.stdout}${done.stderr}`)
  }
}
console.log(`${steps.length - failed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
