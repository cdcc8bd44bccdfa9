import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { checkAdditive } from './additive-migrations.ts'
import { apiLintProblems } from './api-lint.ts'
import { CLIENT_TYPES_FILE, renderClientTypes } from './client.ts'
import { checkCompose } from './compose.ts'
import { renderEnvTable } from './env-table.ts'
import { layeringProblems } from './layering.ts'
import { observabilityProblems } from './observability.ts'
import { ASYNCAPI_FILE, documentsOfApp, OPENAPI_FILE } from './openapi.ts'
import { allStepProblems } from './steps.ts'

/** `bun run check`: checks of the repository that do not run the server. Every step runs, all problems are printed. */
type Step = () => Promise<string[]>

const run = (...command: string[]): string[] => {
  const done = Bun.spawnSync(command, { stdio: ['ignore', 'pipe', 'pipe'] })
  return done.exitCode === 0 ? [] : `${done.stdout}${done.stderr}`.trim().split('\n')
}
const tool = (name: string, ...args: string[]) => run(process.execPath, 'x', '--bun', name, ...args)

/** Generates again into a copy: a table that changed without its migration would add a file. */
const migrationsUpToDate: Step = async () => {
  const problems: string[] = []
  // Inside the project, because drizzle-kit resolves the schema's imports from where it runs.
  const copy = mkdtempSync(join(process.cwd(), 'drizzle', '.check-'))
  try {
    for (const dialect of ['sqlite', 'postgres']) {
      const out = join(copy, dialect)
      cpSync(join('drizzle', dialect), out, { recursive: true })
      const config = join(copy, `${dialect}.config.ts`)
      await Bun.write(
        config,
        `export default { dialect: '${dialect === 'sqlite' ? 'sqlite' : 'postgresql'}', schema: './drizzle/schema.${dialect}.ts', out: '${out.slice(process.cwd().length + 1)}', casing: 'snake_case' }`,
      )
      const failed = tool('drizzle-kit', 'generate', '--config', config)
      problems.push(...failed)
      const files = (folder: string) =>
        readdirSync(folder)
          .filter((file) => file.endsWith('.sql'))
          .sort()
      for (const file of files(out)) {
        if (!files(join('drizzle', dialect)).includes(file))
          problems.push(`${dialect}: the tables changed without a migration; run bun run generate NAME`)
        else if (readFileSync(join(out, file), 'utf8') !== readFileSync(join('drizzle', dialect, file), 'utf8'))
          problems.push(`${dialect}: ${file} was edited`)
      }
    }
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
  return problems
}

const steps: [string, Step][] = [
  ['types', async () => tool('tsc', '-p', '.', '--noEmit')],
  ['lint and format', async () => tool('biome', 'check', '--error-on-warnings', 'src', 'tests', 'scripts', 'drizzle')],
  ['no unused file, export or dependency', async () => tool('knip', '--no-progress')],
  ['layering and cycles', layeringProblems],
  ['steps are yielded, in sets, and in no dialect', allStepProblems],
  ['generated migrations are up to date', migrationsUpToDate],
  [
    'API documents are up to date',
    async () => {
      const { openapi, asyncapi } = await documentsOfApp()
      const differs = async (file: string, made: string) =>
        (await Bun.file(file).text()) === made ? [] : [`${file} differs: run bun run openapi`]
      return [...(await differs(OPENAPI_FILE, openapi)), ...(await differs(ASYNCAPI_FILE, asyncapi))]
    },
  ],
  ['API document passes the linter', apiLintProblems],
  [
    'types of the client are up to date',
    async () =>
      (await Bun.file(CLIENT_TYPES_FILE).text()) === (await renderClientTypes())
        ? []
        : [`${CLIENT_TYPES_FILE} differs: run bun run openapi`],
  ],
  [
    'table of variables is up to date',
    async () => ((await renderEnvTable('check')) ? [] : ['docs/configuration.md differs: run bun run generate']),
  ],
  ['migrations only add', checkAdditive],
  ['compose file', checkCompose],
  ['alert rules and dashboard name what /metrics says', observabilityProblems],
  [
    'lockfile names no host',
    async () =>
      (await Bun.file('bun.lock').text())
        .split('\n')
        .filter((line) => /https?:\/\//.test(line))
        .slice(0, 5),
  ],
]

let failed = 0
for (const [name, step] of steps) {
  const started = performance.now()
  const problems = await step()
  const took = `${((performance.now() - started) / 1000).toFixed(1)} s`
  if (problems.length === 0) console.log(`ok    ${name} (${took})`)
  else {
    failed++
    console.log(`FAIL  ${name} (${took})\n${problems.map((problem) => `      ${problem}`).join('\n')}`)
  }
}
console.log(`${steps.length - failed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
