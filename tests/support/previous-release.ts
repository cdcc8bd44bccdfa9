import { Database } from 'bun:sqlite'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readMigrations } from '../../src/platform/bundled.ts'

const ROOT = join(import.meta.dir, '../..')
const RECORD = join(ROOT, 'tests/fixtures/previous-release.json')

/** The release before this one. After a release: its commit and last migration here, then `bun tests/support/previous-release.ts`. */
interface Previous {
  commit: string
  migration: string
  /** What it asked SQLite while its own API suites ran. */
  statements: string[]
}
export const previous: Previous = JSON.parse(readFileSync(RECORD, 'utf8'))

/** Whether the history that a clone has reaches back to it. */
export const hasHistory = (): boolean =>
  Bun.spawnSync(['git', 'cat-file', '-e', `${previous.commit}^{commit}`], { cwd: ROOT, stdio: ['ignore', 'ignore', 'ignore'] })
    .exitCode === 0

/** Its source and suites in a directory of their own. `schema` says whose migrations its databases get. */
export const checkOut = (schema: 'its own' | 'ours') => {
  const path = mkdtempSync(join(tmpdir(), 'trawl-previous-'))
  const archive = Bun.spawnSync(['git', 'archive', '--format=tar', previous.commit], { cwd: ROOT, maxBuffer: 1 << 28 })
  const unpacked = Bun.spawnSync(['tar', 'x', '-C', path], { stdin: archive.stdout })
  if (archive.exitCode !== 0 || unpacked.exitCode !== 0) throw new Error(`${previous.commit} cannot be unpacked`)
  // Its dependencies are pinned, and ours hold them: a package that has since moved on would fail the suites.
  symlinkSync(join(ROOT, 'node_modules'), join(path, 'node_modules'))
  if (schema === 'ours')
    for (const dialect of ['sqlite', 'postgres'])
      cpSync(join(ROOT, 'drizzle', dialect), join(path, 'drizzle', dialect), { recursive: true })
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** Its API suites over both dialects, as paths in its own directory. */
export const apiSuites = (path: string): string[] =>
  readdirSync(join(path, 'tests/gifty'))
    .filter((file) => file.endsWith('.test.ts') && file !== 'fuzz.test.ts')
    .map((file) => `tests/gifty/${file}`)

/** A database in memory with the schema up to a migration, all of them by default. */
export const schemaUpTo = (last?: string): Database => {
  const db = new Database(':memory:')
  for (const { name, statements } of readMigrations('sqlite')) {
    for (const statement of statements) db.run(statement)
    if (name === last) break
  }
  return db
}

/** Why a statement cannot be run on a schema; undefined when it can. */
export const problemOf = (db: Database, statement: string): string | undefined => {
  try {
    db.prepare(statement).finalize()
    return undefined
  } catch (error) {
    return `${(error as Error).message}: ${statement}`
  }
}

if (import.meta.main) {
  const release = checkOut('its own')
  const recording = join(release.path, 'statements.ndjson')
  const recorder = join(ROOT, 'tests/support/record-statements.ts')
  Bun.spawnSync([process.execPath, 'test', '--timeout', '60000', '--preload', recorder, ...apiSuites(release.path)], {
    cwd: release.path,
    env: { ...process.env, STATEMENTS: recording },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const old = schemaUpTo(previous.migration)
  // Batches of many sizes are one statement: the shortest stands for all. What tests ask for themselves is none of the release's.
  const shapes = new Map<string, string>()
  for (const line of existsSync(recording) ? readFileSync(recording, 'utf8').trim().split('\n') : []) {
    const statement: string = JSON.parse(line)
    if (!/^\s*(?:select|insert|update|delete|with)\b/i.test(statement) || /trawl_migrations|sqlite_/.test(statement)) continue
    if (problemOf(old, statement) !== undefined) continue
    const shape = statement.replace(/(?:\((?:\?\d*|\$\w+|null|,| )+\),? ?)+/g, '(V)').replace(/\d+/g, '0')
    const known = shapes.get(shape)
    if (known === undefined || statement.length < known.length) shapes.set(shape, statement)
  }
  release.remove()
  const { commit, migration } = previous
  writeFileSync(RECORD, `${JSON.stringify({ commit, migration, statements: [...shapes.values()].sort() }, null, 1)}\n`)
  console.log(`${shapes.size} statements of ${commit.slice(0, 7)}`)
}
