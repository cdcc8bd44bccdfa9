import { dirname, join, normalize } from 'node:path'

/**
 * `bun run test:services`: the suites that speak to a database, Redis or RabbitMQ, on those that TEST_DATABASE_URL, TEST_REDIS_URL and
 * TEST_AMQP_URL name. What `bun run test` has run without them is left out: files that reach none of them, and the SQLite halves.
 */
const NAMES = ['TEST_DATABASE_URL', 'TEST_REDIS_URL', 'TEST_AMQP_URL']
const IMPORT = /^\s*(?:import|export)\s(?!type\s)[^'"]*?from\s+'(\.[^']+)'|import\('(\.[^']+)'\)/gm

const missing = NAMES.filter((name) => !process.env[name])
if (missing.length > 0) {
  console.error(`${missing.join(', ')} must be set`)
  process.exit(2)
}
const known = new Map<string, boolean>()
/** Whether a file of the tests, or one that it imports, reads the address of a service. */
const reachesService = async (file: string): Promise<boolean> => {
  const before = known.get(file)
  if (before !== undefined) return before
  known.set(file, false)
  const text = await Bun.file(file).text()
  let reaches = NAMES.some((name) => text.includes(`process.env.${name}`))
  for (const [, from, lazy] of reaches ? [] : text.matchAll(IMPORT)) {
    const target = normalize(join(dirname(file), (from ?? lazy) as string))
    if (target.startsWith('tests/') && (await Bun.file(target).exists()) && (await reachesService(target))) reaches = true
  }
  known.set(file, reaches)
  return reaches
}
const files: string[] = []
for (const file of [...new Bun.Glob('tests/**/*.test.ts').scanSync('.')].sort()) if (await reachesService(file)) files.push(file)
const child = Bun.spawn([process.execPath, 'test', '--parallel', ...files.map((file) => `./${file}`)], {
  stdio: ['ignore', 'inherit', 'inherit'],
  env: { ...process.env, TEST_WORLD: 'services' },
})
process.exit(await child.exited)
