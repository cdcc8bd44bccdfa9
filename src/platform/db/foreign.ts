import { Database } from 'bun:sqlite'

/** A SQLite file of another program, opened for reading alone. */
export interface ForeignDatabase {
  tables(): string[]
  /** Rows of a table, one after the other. */
  rows(table: string): Iterable<Record<string, unknown>>
  close(): void
}

/** @throws when there is no such file, or it is no database */
export const openForeign = (path: string): ForeignDatabase => {
  const raw = new Database(path, { readonly: true, create: false })
  const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
  return {
    tables: () =>
      raw
        .query<{ name: string }, []>(`select name from sqlite_master where type = 'table'`)
        .all()
        .map((row) => row.name),
    rows: (table) => raw.query<Record<string, unknown>, []>(`select * from ${quoted(table)}`).iterate(),
    close: () => raw.close(),
  }
}
