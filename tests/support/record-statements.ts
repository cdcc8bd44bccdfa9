// A preload for `bun test`: writes every statement that SQLite is given to the file STATEMENTS names, one JSON text a line. Tables that
// tests make for themselves are left to the reader of the list.
import { Database } from 'bun:sqlite'
import { appendFileSync } from 'node:fs'

const file = process.env.STATEMENTS
const seen = new Set<string>()
const note = (text: unknown) => {
  if (file === undefined || typeof text !== 'string' || seen.has(text)) return
  seen.add(text)
  appendFileSync(file, `${JSON.stringify(text)}\n`)
}
for (const method of ['query', 'prepare'] as const) {
  const own = Database.prototype[method] as (...args: any[]) => any
  Database.prototype[method] = function (this: Database, text: string, ...more: any[]) {
    note(text)
    return own.call(this, text, ...more)
  } as never
}
