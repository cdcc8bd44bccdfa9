import '../src/bun-version.ts'
import { existsSync, statSync } from 'node:fs'

/** `bun dev` on a fresh machine: installs what is missing, then runs the server with reload. */
const stale =
  !existsSync('node_modules') ||
  !existsSync('node_modules/.bin') ||
  statSync('bun.lock').mtimeMs > statSync('node_modules').mtimeMs
if (stale) {
  const install = Bun.spawnSync([process.execPath, 'install', '--frozen-lockfile'], { stdio: ['inherit', 'inherit', 'inherit'] })
  if (install.exitCode !== 0) process.exit(install.exitCode)
}
const server = Bun.spawn([process.execPath, '--watch', '--no-clear-screen', 'src/main.ts'], {
  stdio: ['inherit', 'inherit', 'inherit'],
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => server.kill(signal))
process.exit(await server.exited)
