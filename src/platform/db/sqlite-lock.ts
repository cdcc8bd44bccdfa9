import { Database } from 'bun:sqlite'
import { StartError } from '../../errors.ts'
import { closeToOthers, makeDirectoryOf, privately } from '../private-files.ts'
import { databaseStartError } from './start-problem.ts'

/**
 * Takes a SQLite file for this process until it ends, because two servers on one file would take each other's running tasks. The lock is
 * a write lock on a small database beside the file: the system drops it with the process, also after kill -9, so none is ever stale.
 * Readers and backups do not ask for it; Postgres and a database in memory have none.
 * @throws StartError when another process has it, or no file can be made there
 */
export const lockDatabase = (url: string): { release(): void } | undefined => {
  if (!url.startsWith('sqlite:') || url.includes(':memory:')) return undefined
  try {
    return lockFile(url.slice('sqlite:'.length))
  } catch (error) {
    throw databaseStartError(url, error)
  }
}

const lockFile = (path: string): { release(): void } => {
  makeDirectoryOf(path)
  closeToOthers([`${path}.lock`])
  const lock = privately(() => new Database(`${path}.lock`, { create: true }))
  const inUse = (): StartError => {
    const owner = lock.query<{ pid: number; since: string }, []>('select pid, since from owner').get()
    return new StartError(
      `${path} is in use by process ${owner?.pid ?? 'unknown'} since ${owner?.since ?? 'a moment ago'}; SQLite takes one process`,
    )
  }
  try {
    // Nothing here has to outlive a power cut.
    lock.run('pragma synchronous=off')
    lock.run('create table if not exists owner (id integer primary key, pid integer not null, since text not null)')
    lock.run('insert or replace into owner values (1, ?, ?)', [process.pid, new Date().toISOString()])
    // Never committed: it lets others read who holds it, and lets nobody write.
    lock.run('begin immediate')
  } catch (error) {
    const refused = (error as { code?: string }).code === 'SQLITE_BUSY' ? inUse() : error
    lock.close()
    throw refused
  }
  return { release: () => lock.close() }
}
