import { type Migration, readMigrations } from '../src/platform/bundled.ts'

/**
 * Statements that do more than add, each with the reason why the previous release keeps working on the new schema:
 * `dialect/migration: the statement`.
 */
export const EXCEPTIONS: Record<string, string> = {
  'sqlite/0004_crawler_and_gifty: DROP INDEX `products_unscored_ix`;':
    'an index that was not unique only made one query quick, and a better one for the same query comes with it',
  'postgres/0004_crawler_and_gifty: DROP INDEX "products_unscored_ix";':
    'an index that was not unique only made one query quick, and a better one for the same query comes with it',
  ...Object.fromEntries(
    [
      ['sqlite', '`'],
      ['postgres', '"'],
    ].flatMap(([dialect, quote]) => [
      ...['tasks_finished_ix', 'tasks_kind_ix'].map((index) => [
        `${dialect}/0008_task_indices: DROP INDEX ${quote}${index}${quote};`,
        'an index that was not unique: what the release before asks with it, pages of leased tasks and the purge, is slower, not wrong',
      ]),
      [
        `${dialect}/0009_one_engine: DROP INDEX ${quote}tasks_ready_ix${quote};`,
        'an index that was not unique, in the order of leases as it was: the release before sorts the ready tasks of a kind instead',
      ],
      ...['crawler_tasks_ready_ix', 'crawler_tasks_ready_type_ix', 'crawler_tasks_silent_ix'].map((index) => [
        `${dialect}/0009_one_engine: DROP INDEX ${quote}${index}${quote};`,
        'an index that was not unique: the leases and the sweep of the release before are slower, not wrong; every new task and update would write to it',
      ]),
    ]),
  ),
}

const name = '[`"]?(\\w+)[`"]?'
const only = (statement: string) => statement.replace(/^\s*--.*$/gm, '').trim()

/** Why a statement may break the release before; undefined when it only adds. `fresh` are the tables that release does not know. */
const objection = (statement: string, fresh: Set<string>): string | undefined => {
  const of = (pattern: string): string | undefined => new RegExp(`^${pattern}`, 'i').exec(statement)?.[1]
  const created = of(`CREATE (?:VIRTUAL )?TABLE (?:IF NOT EXISTS )?${name}`)
  if (created !== undefined) {
    // A rebuilt table is created under another name, then takes the place of the old one.
    if (created.startsWith('__new_')) return 'rebuilds a table'
    fresh.add(created)
    return undefined
  }
  const unique = new RegExp(`^CREATE UNIQUE INDEX (?:IF NOT EXISTS )?${name} ON ${name}`, 'i').exec(statement)
  if (unique) return fresh.has(unique[2] as string) ? undefined : `refuses rows of ${unique[2]} that were welcome before`
  if (/^CREATE INDEX /i.test(statement)) return undefined
  if (/^CREATE EXTENSION /i.test(statement)) return undefined
  const trigger = new RegExp(`^CREATE TRIGGER ${name} \\w+ \\w+(?: OF \\w+)? ON ${name}`, 'i').exec(statement)
  if (trigger) return fresh.has(trigger[2] as string) ? undefined : `acts on writes to ${trigger[2]}`
  const inserted = of(`INSERT INTO ${name}`)
  if (inserted !== undefined) return undefined
  const altered = new RegExp(`^ALTER TABLE ${name} (.*)$`, 'is').exec(statement)
  if (altered) {
    const [, table = '', change = ''] = altered
    if (/^ADD CONSTRAINT /i.test(change))
      return fresh.has(table) ? undefined : `refuses rows of ${table} that were welcome before`
    if (/^ADD /i.test(change)) {
      if (fresh.has(table)) return undefined
      if (/\bNOT NULL\b/i.test(change) && !/\bDEFAULT\b/i.test(change))
        return `the release before does not fill a column of ${table}`
      if (/\b(?:UNIQUE|CHECK)\b/i.test(change)) return `refuses rows of ${table} that were welcome before`
      return undefined
    }
    return `changes or takes away something of ${table}`
  }
  return 'is none of the statements that only add'
}

/**
 * Migrations that do more than add to the schema that the release before knows (everything up to and with `previous`), without being
 * listed with a reason: rolling upgrades and a step back would break. Also reasons for what is not there any more.
 */
export const additiveProblems = (
  dialect: string,
  migrations: Migration[],
  previous: string,
  exceptions: Record<string, string> = EXCEPTIONS,
): string[] => {
  const at = migrations.findIndex((migration) => migration.name === previous)
  if (at < 0) return [`${dialect}: there is no migration ${previous}`]
  const fresh = new Set<string>()
  const used = new Set<string>()
  const problems: string[] = []
  for (const { name: migration, statements } of migrations.slice(at + 1))
    for (const text of statements) {
      const statement = only(text)
      const why = objection(statement, fresh)
      if (why === undefined) continue
      const key = `${dialect}/${migration}: ${statement}`
      used.add(key)
      if (!exceptions[key]) problems.push(`${key.split('\n')[0]}: ${why}`)
    }
  for (const key of Object.keys(exceptions))
    if (key.startsWith(`${dialect}/`) && !used.has(key)) problems.push(`a reason is given for what is not there: ${key}`)
  return problems
}

/** The same of the migrations of this repository, on both dialects. */
export const checkAdditive = async (): Promise<string[]> => {
  const { migration } = await Bun.file('tests/fixtures/previous-release.json').json()
  return (['sqlite', 'postgres'] as const).flatMap((dialect) => additiveProblems(dialect, readMigrations(dialect), migration))
}
