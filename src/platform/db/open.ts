import type { Db } from './index.ts'

export interface DatabaseOptions {
  /** `sqlite:PATH`, `sqlite::memory:` or `postgres://...`. */
  url: string
  synchronous?: 'OFF' | 'NORMAL' | 'FULL'
  poolMax?: number
  statementTimeoutMs?: number
  prepared?: boolean
}

/** Opens the database a URL names and brings its schema up to date. Only the dialect that is used is loaded. */
export const openDatabase = async ({ url, synchronous, ...pool }: DatabaseOptions): Promise<Db> => {
  if (url.startsWith('sqlite:')) {
    const { openSqlite } = await import('./sqlite.ts')
    return openSqlite({ path: url.slice('sqlite:'.length), synchronous })
  }
  const { openPostgres } = await import('./postgres.ts')
  return openPostgres({ url, ...pool })
}
