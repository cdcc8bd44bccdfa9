import type { Db, Steps } from '../../src/platform/db/index.ts'

/**
 * The same database, counting what goes over it: every step of its transactions and every statement outside one. A batch counts once,
 * as Postgres runs it; SQLite cuts it into a few sizes.
 */
export const countStatements = (db: Db) => {
  let count = 0
  function* counted<T>(steps: Steps<T>): Steps<T> {
    let state = steps.next()
    while (!state.done) {
      count++
      let value: unknown
      try {
        value = yield state.value
      } catch (error) {
        state = steps.throw(error)
        continue
      }
      state = steps.next(value)
    }
    return state.value
  }
  const outside = <S extends { all(params?: object): unknown }>(statement: S): S =>
    Object.assign(Object.create(statement), {
      all: (params?: object) => {
        count++
        return statement.all(params)
      },
    })
  const counting: Db = Object.assign(Object.create(db), {
    tx: (body: (tx: never) => Steps<unknown>) => db.tx((tx) => counted(body(tx as never))),
    autocommit: (body: (tx: never) => Steps<unknown>) => db.autocommit((tx) => counted(body(tx as never))),
    prepare: (name: string, build: never) => outside(db.prepare(name, build)),
    statement: (name: string, sql: string, of?: object) => outside(db.statement(name, sql, of)),
  })
  return {
    db: counting,
    /** Statements that `what` took; transactions that fail and are run again count again. */
    async during(what: () => Promise<unknown>): Promise<number> {
      count = 0
      await what()
      return count
    },
  }
}
