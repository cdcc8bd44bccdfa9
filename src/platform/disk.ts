import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** Reads how full the file system of a database's file is, 0..1. Undefined for a database that is not a file of this machine. */
export const diskUsageOf = (databaseUrl: string) => async (): Promise<number | undefined> => {
  if (!databaseUrl.startsWith('sqlite:')) return undefined
  let path = resolve(databaseUrl.slice('sqlite:'.length))
  // Before the first start neither the file nor its directory need exist.
  while (!existsSync(path) && path !== dirname(path)) path = dirname(path)
  const { blocks, bfree, bavail } = await statfs(path)
  // As `df` has it: of what an ordinary user can have.
  const used = blocks - bfree
  return used + bavail === 0 ? undefined : used / (used + bavail)
}
