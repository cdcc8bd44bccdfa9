import type { SubscriberQueries, SubscriberRow } from '../../access/subscribers.ts'
import { notFound } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Db, Queryable, Steps } from '../../platform/db/index.ts'
import { type SubscriberView, toSubscriber } from './model.ts'
import type { ClaimsRepository } from './repository.ts'

export interface SubscribersDeps {
  db: Db
  clock: Clock
  queries: SubscriberQueries
  claims: ClaimsRepository
}

export const missingSubscriber = () => notFound('Subscriber not found')

/** What the parts of the subscribers service share. */
export const createSubscribersContext = (deps: SubscribersDeps) => {
  /** Rows with their topics, as they are shown. */
  function* shown(tx: Queryable, rows: SubscriberRow[]): Steps<SubscriberView[]> {
    const topics = yield* deps.queries.topicsOf(
      tx,
      rows.map((row) => row.id),
    )
    return rows.map((row) => toSubscriber(row, topics.get(row.id) ?? []))
  }
  function* shownOne(tx: Queryable, row: SubscriberRow): Steps<SubscriberView> {
    return (yield* shown(tx, [row]))[0] as SubscriberView
  }
  return { ...deps, shown, shownOne }
}
export type SubscribersContext = ReturnType<typeof createSubscribersContext>
