/** Types of every request, response and frame of the crawler's wire (gitlab-crawler §13), inferred from the schemas that check them. */
import type { z } from 'zod'
import type { refreshAnswer, refreshBody } from './credentials/index.ts'
import type { errorView } from './envelope.ts'
import type { UpdateType } from './fields.ts'
import type { healthView, operationAnswer, operationBody } from './health.ts'
import type { leaseAnswer, leaseBody, taskRequest } from './leasing/index.ts'
import type { acknowledged, progressAnswer, putBody, updateBody } from './progress/model.ts'
import type {
  ackFrame,
  connectAnswer,
  connectBody,
  heartbeatFrame,
  messageAnswer,
  messageBody,
  subscribeFrame,
} from './streams/model.ts'
import type {
  bulkAnswer,
  bulkBody,
  createAnswer,
  createBody,
  deleteAnswer,
  detailAnswer,
  listAnswer,
  listQuery,
  putAnswer,
  taskData,
} from './tasks/model.ts'

export type { CredentialsInput, CredentialsView } from './credentials/index.ts'
export type { JobStatus, Priority, Status, TaskType, UpdateType } from './fields.ts'
export type { LeasedTask } from './leasing/index.ts'
export type { Acknowledged, AreaEntry, AreasResult, ProgressView, TimelineView } from './progress/model.ts'
export type { ReadyFrame, ServerFrame, ServerFrameData } from './streams/model.ts'
export type { Fanout, TaskDetail, TaskView } from './tasks/model.ts'

export type TaskData = z.input<typeof taskData>
export type CreateRequest = z.input<typeof createBody>
export type CreateResponse = z.infer<typeof createAnswer>
export type BulkRequest = z.input<typeof bulkBody>
export type BulkResponse = z.infer<typeof bulkAnswer>
export type ListRequest = z.input<typeof listQuery>
export type ListResponse = z.infer<typeof listAnswer>
export type DetailResponse = z.infer<typeof detailAnswer>
export type PutRequest = z.input<typeof putBody>
export type PutResponse = z.infer<typeof putAnswer>
export type DeleteResponse = z.infer<typeof deleteAnswer>
export type LeaseRequest = z.input<typeof leaseBody>
export type LeaseResponse = z.infer<typeof leaseAnswer>
export type UpdateRequest = z.input<typeof updateBody>
export type UpdateResponse = { data: z.infer<typeof acknowledged> }
export type ProgressResponse = z.infer<typeof progressAnswer>
export type RefreshRequest = z.input<typeof refreshBody>
export type RefreshResponse = z.infer<typeof refreshAnswer>
export type ConnectRequest = z.input<typeof connectBody>
export type ConnectResponse = z.infer<typeof connectAnswer>
export type MessageRequest = z.input<typeof messageBody>
export type MessageResponse = z.infer<typeof messageAnswer>
export type HealthResponse = z.infer<typeof healthView>
export type OperationRequest = z.input<typeof operationBody>
export type OperationResponse = z.infer<typeof operationAnswer>
export type ErrorResponse = z.infer<typeof errorView>

interface ClientFrameData {
  task: TaskData
  task_request: z.input<typeof taskRequest>
  heartbeat: z.input<typeof heartbeatFrame>
  token_refresh_request: Omit<RefreshRequest, 'workerId'> & { taskId: string; workerId?: string }
  subscribe: z.input<typeof subscribeFrame>
  unsubscribe: z.input<typeof subscribeFrame>
  ack: z.input<typeof ackFrame>
  ping: Record<string, never>
}
/** What a client may say over a socket; the fields may also stand beside `type`. */
export type ClientFrame =
  | { [T in keyof ClientFrameData]: { type: T; id?: string | number; data: ClientFrameData[T] } }[keyof ClientFrameData]
  | { type: UpdateType; id?: string | number; data: Omit<UpdateRequest, 'type'> & { taskId?: string } }
