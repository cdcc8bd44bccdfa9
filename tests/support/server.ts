import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { INTERNAL } from './app.ts'

export interface ServerProcess {
  origin: string
  pid: number
  child: Bun.Subprocess
  get(path: string): Promise<any>
  post(path: string, body?: unknown): Promise<any>
  /** Asks until `done` says so; fails after `seconds`. For processes only: a test inside one process has no need to poll. */
  until<T>(ask: () => Promise<T>, done: (answer: T) => boolean, seconds: number): Promise<T>
  stop(): Promise<void>
}

/** A temporary folder for one test, removed by `remove`. */
export const temporaryFolder = (name: string) => {
  const path = mkdtempSync(join(tmpdir(), `trawl-${name}-`))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** Starts `src/main.ts` as a process on a free port and waits for its `listening` line. */
export const startServer = async (env: Record<string, string>): Promise<ServerProcess> => {
  const child = Bun.spawn([process.execPath, 'src/main.ts'], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0', ...env },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  let output = ''
  let origin = ''
  const decoder = new TextDecoder()
  const reader = child.stdout.getReader()
  while (origin === '') {
    const { done, value } = await reader.read()
    if (done) throw new Error(`the server ended before it listened:\n${output}\n${await new Response(child.stderr).text()}`)
    output += decoder.decode(value, { stream: true })
    origin = /"message":"listening","url":"([^"]+)"/.exec(output)?.[1] ?? ''
  }
  // Goes on reading: a full pipe would stop the server.
  const drain = async () => {
    while (!(await reader.read()).done);
  }
  void drain()
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(origin + path, { ...init, headers: { ...INTERNAL, 'content-type': 'application/json' } })
    return response.json()
  }
  return {
    origin,
    pid: child.pid,
    child,
    get: (path) => ask(path),
    post: (path, body = {}) => ask(path, { method: 'POST', body: JSON.stringify(body) }),
    async until(question, done, seconds) {
      const end = performance.now() + seconds * 1000
      for (;;) {
        const answer = await question()
        if (done(answer)) return answer
        if (performance.now() > end)
          throw new Error(`not within ${seconds} s; the last answer was ${JSON.stringify(answer).slice(0, 500)}`)
        await Bun.sleep(50)
      }
    },
    async stop() {
      child.kill('SIGTERM')
      await child.exited
    },
  }
}
