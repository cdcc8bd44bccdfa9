/**
 * `bun run build`: one binary with everything inside, `dist/trawl`. Migrations come in by a macro, pages and rows by imports. Split,
 * because what is imported late (Telegram, Postgres, the documents) would otherwise be started with the rest.
 */
const outfile = process.argv[2] ?? 'dist/trawl'
const done = Bun.spawnSync(
  [
    process.execPath,
    'build',
    '--compile',
    '--minify',
    '--bytecode',
    '--format=esm',
    '--splitting',
    '--sourcemap=none',
    'src/main.ts',
    // Threads are entries of their own, started by their place below `src` (`src/workers/thread-entry.ts`).
    'src/workers/web/reader-thread.ts',
    'src/workers/gitlab/thread.ts',
    '--outfile',
    outfile,
  ],
  { stdio: ['ignore', 'inherit', 'inherit'] },
)
process.exit(done.exitCode)
