import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Bundle-time macro: the worker thread as JavaScript text. A compiled Trawl has no file beside it that a Worker could be started
 * from, and its address at build time means nothing where it runs.
 */
export const exactWorkerCode = (): string =>
  new Bun.Transpiler({ loader: 'ts' }).transformSync(readFileSync(join(import.meta.dir, 'exact-worker.ts'), 'utf8'))
