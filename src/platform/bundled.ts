import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Migration {
  name: string
  statements: string[]
}

/**
 * Bundle-time macro: the migrations as plain data inside the binary, so that a compiled Trawl needs no files beside it.
 * In source form Bun runs it when it loads the module.
 */
export const readMigrations = (dialect: 'sqlite' | 'postgres'): Migration[] => {
  const folder = join(import.meta.dir, '../../drizzle', dialect)
  return readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => ({
      name: file.replace(/\.sql$/, ''),
      statements: readFileSync(join(folder, file), 'utf8')
        .split('--> statement-breakpoint')
        .map((statement) => statement.trim())
        // A migration may hold only a comment that explains why nothing is dropped: it has no statement.
        .filter((statement) => statement.replace(/^\s*--.*$/gm, '').trim() !== ''),
    }))
}

/**
 * Bundle-time macro: the worker thread as JavaScript text. A compiled Trawl has no file beside it that a Worker could be started
 * from, and its address at build time means nothing where it runs.
 */
export const exactWorkerCode = (): string =>
  new Bun.Transpiler({ loader: 'ts' }).transformSync(readFileSync(join(import.meta.dir, 'search/exact-worker.ts'), 'utf8'))
