import { JobDelayed, JobFailed } from '../../errors.ts'

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
export class TaskFailure extends JobFailed {
  override name = 'TaskFailure'
  constructor(
    readonly code: FailureCode,
    message: string,
    retryable: boolean,
    readonly httpStatus?: number,
  ) {
    super(message, retryable)
  }
}
/** Why a page may be the cause of a failure: 5xx or an answer that breaks off, no answer in time, or a body that is too large. */
export type PageProblem = 'failed' | 'timeout' | 'too_large'

/** An answer that does not come, and may come for fewer rows (§3.3). */
export class PageFailure extends TaskFailure {
  override name = 'PageFailure'
  constructor(
    readonly problem: PageProblem,
    code: FailureCode,
    message: string,
    httpStatus?: number,
  ) {
    super(code, message, true, httpStatus)
  }
}

export const badTask = (message: string) => new TaskFailure('BAD_TASK', message, false)

/** GitLab refused a request with a 4xx whose meaning depends on the request. */
export class GitlabRefusal extends Error {
  override name = 'GitlabRefusal'
  constructor(
    readonly status: number,
    /** Path and query of the request. */
    readonly path: string,
    /** GitLab's text, at most 500 characters: to be looked at, never shown. */
    readonly text: string,
    /** What people may read of it. */
    readonly shown: string,
  ) {
    super(shown)
  }
}

/** The wait until GitLab's next answer is longer than a task may be held: it is released into the queue (§3.4). */
export class Deferred extends JobDelayed {
  override name = 'Deferred'
  constructor(waitMs: number) {
    super(waitMs, `GitLab asks to wait ${Math.ceil(waitMs / 1000)} s`)
  }
}

/** The token is refused and cannot be renewed here (§3.5). */
export class CredentialsExpired extends Error {
  override name = 'CredentialsExpired'
  constructor(readonly revoked: boolean) {
    super('the access token is refused')
  }
}

/** The API refuses a report for its content: 400 or 413 (§2). */
export class ReportRefused extends JobFailed {
  override name = 'ReportRefused'
  constructor(message: string) {
    super(message, false)
  }
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
