/** Codes of a failed task (gitlab-worker §3.3, §4). */
export type FailureCode =
  | 'BAD_TASK'
  | 'GITLAB_UNAVAILABLE'
  | 'BAD_RESPONSE'
  | 'RATE_LIMITED'
  | 'INSUFFICIENT_SCOPE'
  | 'NOT_GITLAB'
  | 'REDIRECT_REFUSED'
  | 'GITLAB_REJECTED'
  | 'OFFSET_LIMIT'
  | 'STORAGE_FAILED'
  | 'INTERNAL'

/** The task ends with `failed`. */
export class TaskFailure extends Error {
  override name = 'TaskFailure'
  constructor(
    readonly code: FailureCode,
    message: string,
    readonly retryable: boolean,
    readonly httpStatus?: number,
  ) {
    super(message)
  }
}
export const badTask = (message: string) => new TaskFailure('BAD_TASK', message, false)

/** GitLab said no to one request with a 4xx whose meaning depends on what was asked. */
export class GitlabRefusal extends Error {
  override name = 'GitlabRefusal'
  constructor(
    readonly status: number,
    /** Path and query that was asked. */
    readonly path: string,
    /** GitLab's text, at most 500 characters. */
    readonly text: string,
  ) {
    super(`${status} for ${path}`)
  }
}

/** The wait until GitLab's next answer is longer than a task may be held: it goes back into the queue (§3.4). */
export class Deferred extends Error {
  override name = 'Deferred'
  constructor(readonly waitMs: number) {
    super(`GitLab asks to wait ${Math.ceil(waitMs / 1000)} s`)
  }
}

/** The token is refused and cannot be renewed here (§3.5). */
export class CredentialsExpired extends Error {
  override name = 'CredentialsExpired'
  constructor(readonly revoked: boolean) {
    super('the access token is refused')
  }
}

/** The lease is not ours any more: stop at once and say nothing. */
export class LeaseGone extends Error {
  override name = 'LeaseGone'
  constructor() {
    super('the lease is gone')
  }
}

/** The worker is stopping: give the task back. */
export class Interrupted extends Error {
  override name = 'Interrupted'
  constructor() {
    super('the worker is stopping')
  }
}

/** The API refuses a report for its content: 400 or 413 (§2). */
export class ReportRefused extends Error {
  override name = 'ReportRefused'
}

/** A call of the crawler API that brought no success. `status` 0: no answer at all. */
export class ApiProblem extends Error {
  override name = 'ApiProblem'
  constructor(
    readonly status: number,
    message: string,
    /** From Retry-After. */
    readonly retryAfterMs?: number,
  ) {
    super(message)
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message || error.name : String(error))
