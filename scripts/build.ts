/** `bun run build`: one binary with everything inside, `dist/trawl`. Migrations come in by a macro, pages and rows by imports. */
const outfile = process.argv[2] ?? 'dist/trawl'
const done = Bun.spawnSync(
  [process.execPath, 'build', '--compile', '--minify', '--bytecode', '--sourcemap=none', 'src/main.ts', '--outfile', outfile],
  { stdio: ['ignore', 'inherit', 'inherit'] },
)
process.exit(done.exitCode)
