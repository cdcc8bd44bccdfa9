import { z } from 'zod'
import { text } from '../fields.ts'
import * as model from './model.ts'

/** What every frame of the worker protocol has (gifty §4). */
export const frame = z.object({ type: text(1, 32), id: z.union([z.string().max(200), z.number()]), data: z.unknown().optional() })
/** The HTTP body plus the task; the worker is known from `hello`. */
const ofTask = { worker_id: text(1, 128).nullish(), task_id: text(1, 128) }
export const VERBS = {
  lease: model.leaseBody.extend({ worker_id: text(1, 128).nullish() }),
  heartbeat: model.heartbeatBody.extend(ofTask),
  complete: model.completeBody.extend(ofTask),
  fail: model.failBody.extend(ofTask),
  release: model.releaseBody.extend(ofTask),
  worker_heartbeat: model.workerHeartbeatBody,
}
