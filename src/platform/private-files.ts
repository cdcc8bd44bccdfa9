import { chmodSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

const OWNER_ONLY = 0o600

/** Runs what creates files, all of them the owner's alone from their first moment. Not for what waits: the mask is the whole process's. */
export const privately = <T>(create: () => T): T => {
  const before = process.umask(0o077)
  try {
    return create()
  } finally {
    process.umask(before)
  }
}

/** Makes the directory of a file, with those above it that are missing; one that is there stays as it is. */
export const makeDirectoryOf = (path: string): void => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
}

/** Makes files the owner's alone that an earlier version has made readable; those that are not there are left out. */
export const closeToOthers = (paths: readonly string[]): void => {
  for (const path of paths)
    try {
      chmodSync(path, OWNER_ONLY)
    } catch (error) {
      // Somebody else's file, whose rights are theirs to give, or one that nobody can change.
      if (!['ENOENT', 'EPERM', 'EROFS'].includes((error as { code?: string }).code ?? '')) throw error
    }
}
