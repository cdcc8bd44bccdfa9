import { join } from 'node:path'
import { median, ownDirectory, productionEnv, ROOT, type Row, type Scale, spread, TOKEN } from './rig.ts'

const run = async (...command: string[]) => {
  const child = Bun.spawn([process.execPath, ...command], { cwd: ROOT, stdout: 'ignore', stderr: 'pipe' })
  const problem = await new Response(child.stderr).text()
  if ((await child.exited) !== 0) throw new Error(`bun ${command.join(' ')} failed: ${problem}`)
}
/** Makes the binary as `bun run build` does. */
export const buildBinary = (path: string) => run('scripts/build.ts', path)
/** Both alike. */
const build = (ours: string, bare: string) =>
  Promise.all([
    buildBinary(ours),
    run(
      ...['build', '--compile', '--minify', '--bytecode', '--sourcemap=none'],
      ...['tests/bench/bare-elysia.ts', '--outfile', bare],
    ),
  ])

const freePort = () => {
  const probe = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  const { port } = probe
  probe.stop(true)
  return port
}

/** Milliseconds from the start of a process to its first 200 on a path. */
const startUp = async (binary: string, env: Record<string, string>, path = '/health'): Promise<number> => {
  const port = freePort()
  const startedAt = performance.now()
  const child = Bun.spawn([binary], { env: { ...env, PORT: String(port) }, stdout: 'ignore', stderr: 'inherit' })
  try {
    for (;;) {
      const status = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { 'x-internal-token': TOKEN } }).then(
        (response) => response.status,
        () => 0,
      )
      if (status === 200) return performance.now() - startedAt
      if (child.exitCode !== null || performance.now() - startedAt > 20_000) throw new Error(`${binary} did not start`)
      await Bun.sleep(1)
    }
  } finally {
    child.kill('SIGKILL')
    await child.exited
  }
}

/** Cold start of the compiled binary to its first 200, against a compiled bare Elysia app. */
export const benchStart = async (scale: Scale): Promise<Row[]> => {
  const directory = ownDirectory()
  const [ours, bare] = [join(directory, 'trawl'), join(directory, 'bare')]
  await build(ours, bare)
  const env = productionEnv(join(directory, 'start.db'), { LOG_LEVEL: 'error' })
  const times = { ours: [] as number[], bare: [] as number[], route: [] as number[] }
  // The first start of each reads the file into the page cache and makes the database.
  await startUp(ours, env)
  await startUp(bare, {})
  for (let n = 0; n < scale.starts; n++) {
    times.ours.push(await startUp(ours, env))
    times.bare.push(await startUp(bare, {}))
    times.route.push(await startUp(ours, env, '/internal/sources?limit=1'))
  }
  const row = (name: string, ours: number[], target: number | undefined): Row => {
    const ratios = ours.map((time, n) => time / (times.bare[n] as number))
    return {
      name,
      measured: `${median(ours).toFixed(0)} ms`,
      floor: `${median(times.bare).toFixed(0)} ms`,
      value: median(ratios),
      unit: 'ratio',
      target,
      better: 'less',
      note: spread(ratios),
    }
  }
  return [
    row('cold start of the binary, to the first answer of /health', times.ours, 5),
    // The app is made for the first request that needs it, after the port is open.
    row('cold start of the binary, to the first answer of a route', times.route, undefined),
  ]
}
