import type { Control } from './control.ts'
import { CredentialsExpired, Deferred, Interrupted, LeaseGone, messageOf, ReportRefused, TaskFailure } from './errors.ts'
import { execute, type Work } from './execution.ts'
import { createLedger } from './ledger.ts'
import type { LeasedTask } from './model.ts'
import { createReporter } from './reporter.ts'
import type { Shared } from './shared.ts'
import { baseOf } from './source/address.ts'

export interface RunningTask {
  /** Resolves when the task has ended, however. */
  done: Promise<void>
  /** The lease was prolonged by a heartbeat sent at this time. */
  prolonged(sentAt: number): void
}

const MOST_MESSAGE = 900
const MOST_RETRY_AFTER_S = 3600

/** Takes a leased task and works until it has ended (gitlab-worker §2). Never rejects. */
export const startTask = (shared: Shared, task: LeasedTask, control: Control): RunningTask => {
  const { settings } = shared
  const log = shared.log.child({ task_id: task.id })
  const reporter = createReporter({ ...shared, task, control, intervalMs: settings.progressIntervalMs })
  const work: Work = { shared, task, control, reporter, ledger: createLedger(shared.workerId, task.credentials.accessToken) }
  const run = async () => {
    const keeping = reporter.keep()
    try {
      await execute(work).catch((error) => conclude(work, error))
    } catch (error) {
      if (control.lost() || error instanceof LeaseGone) log.info('task dropped, its lease is gone')
      else log.error('a task ended without a word', { problem: work.ledger.clean(messageOf(error)) })
    } finally {
      reporter.end()
      await keeping
    }
  }
  return { done: run(), prolonged: reporter.prolonged }
}

/** Tells the API why a task did not complete (gitlab-worker §2, §3). @throws what the telling ran into */
const conclude = async (work: Work, error: unknown): Promise<void> => {
  const { control, reporter, task } = work
  if (control.lost() || error instanceof LeaseGone) throw error
  // Its content is what was refused, so nothing of it goes along.
  if (error instanceof ReportRefused) return fail(work, new TaskFailure('INTERNAL', error.message, false), false)
  try {
    // What was reached is shown before the verdict on it.
    await reporter.flush()
  } catch (problem) {
    if (problem instanceof ReportRefused) return fail(work, new TaskFailure('INTERNAL', problem.message, false), false)
    throw problem
  }
  if (error instanceof Interrupted) return giveBack(work, {})
  if (error instanceof Deferred)
    return giveBack(work, { retryAfterSeconds: Math.min(Math.ceil(error.waitMs / 1000), MOST_RETRY_AFTER_S) })
  if (error instanceof CredentialsExpired) {
    await reporter.send({ type: 'paused', ...expiryOf(task, error.revoked), ...stateOf(work) })
    return
  }
  const failure = error instanceof TaskFailure ? error : new TaskFailure('INTERNAL', messageOf(error), true)
  return fail(work, failure, true)
}

const stateOf = ({ ledger }: Work) => {
  const resumeState = ledger.state()
  return resumeState ? { resumeState } : {}
}

const fail = async (work: Work, failure: TaskFailure, withState: boolean) => {
  const { reporter, ledger, shared, task } = work
  const { code, retryable, httpStatus } = failure
  const message = ledger.clean(failure.message).slice(0, MOST_MESSAGE)
  shared.log.warn('task failed', { task_id: task.id, code, problem: message, retryable })
  await reporter.send({
    type: 'failed',
    error: { code, message, retryable, ...(httpStatus === undefined ? {} : { httpStatus }) },
    retryable,
    ...(withState ? stateOf(work) : {}),
    metadata: ledger.metadata(),
  })
}

const giveBack = async (work: Work, more: { retryAfterSeconds?: number }) => {
  await work.reporter.send({ type: 'status', status: 'queued', ...more, ...stateOf(work) })
  work.shared.log.info('task given back', { task_id: work.task.id, ...more })
}

/** What an operator has to know about a refused token (gitlab-worker §3.5). */
const expiryOf = (task: LeasedTask, revoked: boolean) => {
  const { hostname, host, origin } = baseOf(task.metadata.apiEndpoint)
  const oauth = task.credentials.tokenType === 'oauth2'
  const message = `GitLab refuses the access token: it is ${revoked ? 'revoked' : 'expired or not valid'}`
  return {
    message,
    credentialStatus: {
      type: 'credential_expiry',
      severity: 'HIGH',
      errorType: `${oauth ? 'OAUTH2' : 'PAT'}_${revoked ? 'REVOKED' : 'EXPIRED'}`,
      providerId: host,
      instanceType: hostname === 'gitlab.com' ? 'gitlab-cloud' : 'gitlab-self-hosted',
      message,
      adminGuidance: [
        `Renew ${oauth ? 'the OAuth authorization' : 'the personal access token'} at ${origin} with the scope read_api`,
        `Send it as credentials.accessToken with PUT /api/internal2/tasks/${encodeURIComponent(task.id)}; the task then goes on`,
      ],
    },
  }
}
