import type { SubscriberQueries, SubscriberRow } from '../../access/subscribers.ts'
import { notFound } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
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
  function* shownInside(tx: Tx, row: SubscriberRow): Steps<SubscriberView> {
    return toSubscriber(row, yield* deps.queries.topicsInside(tx, row.id))
  }
  return { ...deps, shownInside }
}
export type SubscribersContext = ReturnType<typeof createSubscribersContext>
