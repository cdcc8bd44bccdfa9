import { renderEnvTable } from './env-table.ts'

/** Regenerates what is derived from the code: migrations of both dialects, the API document, the table of variables (docs/configuration.md). */
const run = (...command: string[]) => {
  const done = Bun.spawnSync(command, { stdio: ['inherit', 'inherit', 'inherit'] })
  if (done.exitCode !== 0) process.exit(done.exitCode)
}
const name = process.argv[2]
for (const dialect of ['sqlite', 'postgres'])
  run(
    process.execPath,
    'x',
    '--bun',
    'drizzle-kit',
    'generate',
    '--config',
    `drizzle/config.${dialect}.ts`,
    ...(name ? ['--name', name] : []),
  )
run(process.execPath, 'scripts/openapi.ts')
await renderEnvTable('write')
