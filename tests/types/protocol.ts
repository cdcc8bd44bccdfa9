import type {
  ClientFrame,
  CreateRequest,
  LeaseResponse,
  ProgressResponse,
  ServerFrame,
  TimelineView,
  UpdateRequest,
} from '../../src/crawler/protocol.ts'
import { exactly } from './client.ts'

/** Compiled by `bun run check`, never run: what a client of the crawler's wire (gitlab-crawler §13) may write with its types. */
export const requests = () => {
  const create: CreateRequest = { data: { id: 7, type: 'FETCH_ISSUES', credentials: { accessToken: 'glpat' } } }
  const update: UpdateRequest = { type: 'progress', processedItems: 3, timestamp: '2026-01-15T09:00:00Z' }
  const frames: ClientFrame[] = [
    { type: 'task', id: 1, data: create.data },
    { type: 'task_request', data: { max: 2 } },
    { type: 'progress', id: 'f-2', data: { taskId: '7', processedItems: 3 } },
    { type: 'ack', data: { seq: 118 } },
  ]
  return { update, frames }
}

export const answers = (leased: LeaseResponse, progress: ProgressResponse) => {
  exactly<number | undefined>().is(leased.data[0]?.lease.fence)
  exactly<TimelineView[]>().is(progress.data.timeline)
}

export const hear = (frame: ServerFrame): string | undefined => {
  switch (frame.type) {
    case 'connection_ready':
      return frame.connectionId
    case 'task_assignment':
      return frame.data.credentials.accessToken
    case 'status':
      return frame.data.previousStatus
    case 'error':
      return frame.data.code
    default:
      return undefined
  }
}

export const refused = () => {
  // @ts-expect-error there is no such type of task
  const create: CreateRequest = { data: { id: 'a', type: 'FETCH_ALL', credentials: { accessToken: 'x' } } }
  // @ts-expect-error items are counted
  const update: UpdateRequest = { type: 'progress', processedItems: 'three' }
  // @ts-expect-error an ack names an event
  const ack: ClientFrame = { type: 'ack', data: {} }
  return [create, update, ack]
}
