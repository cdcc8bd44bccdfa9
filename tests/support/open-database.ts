// Opens the database that argv[2] names, migrating it if need be, and prints what it found: run by several processes at once.
import { sql } from 'drizzle-orm'
import { openDatabase } from '../../src/platform/db/open.ts'

// The start line: all processes have loaded everything when the test lets them go.
process.stdout.write('ready\n')
for await (const _ of Bun.stdin.stream()) break
const db = await openDatabase({ url: process.argv[2] as string, poolMax: 2 })
const [migrations] = await db.sql<{ n: number }>(sql`select count(*) as n from trawl_migrations`)
const [tasks] = await db.sql<{ n: number }>(sql`select count(*) as n from tasks`)
process.stdout.write(`${JSON.stringify({ migrations: Number(migrations!.n), tasks: Number(tasks!.n) })}\n`)
await db.close()
