import type { Db, Step, Steps, Tx } from '../../src/platform/db/index.ts'

/**
 * A handle on the same database that counts the statements of each transaction: what a body yields. A batch counts once: it is one
 * statement on Postgres, and on SQLite one for every hundred rows.
 */
export const countingStatements = (db: Db) => {
  let counts: number[] = []
  function* counted<T>(body: Steps<T>): Steps<T> {
    let steps = 0
    try {
      let state = body.next()
      while (!state.done) {
        steps++
        let value: unknown
        try {
          value = yield state.value as Step
        } catch (error) {
          state = body.throw(error)
          continue
        }
        state = body.next(value)
      }
      return state.value
    } finally {
      counts.push(steps)
    }
  }
  const counting: Db = { ...db, tx: (body) => db.tx((tx: Tx) => counted(body(tx))) }
  return {
    db: counting,
    /** Statements of the largest transaction in `work`, and of all of them. */
    async during(work: () => Promise<unknown>): Promise<{ most: number; all: number }> {
      counts = []
      await work()
      return { most: Math.max(0, ...counts), all: counts.reduce((sum, count) => sum + count, 0) }
    },
  }
}
