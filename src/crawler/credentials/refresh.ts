import { AppError } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Db } from '../../platform/db/index.ts'
import { ExchangeError, exchange } from '../../platform/upstream.ts'
import { holds } from '../../tasks/index.ts'
import { leaseLost, taskNotFound } from '../envelope.ts'
import { statusOf } from '../fields.ts'
import { addTimelineEvent, endLease, pause, startChange, type TaskRowChange } from '../tasks/change.ts'
import type { TaskStore } from '../tasks/store.ts'
import type { RefreshAnswer, RefreshRequest } from './index.ts'
import type { AccountRow, CredentialsRepository } from './repository.ts'
import type { Credentials } from './service.ts'

const TIMEOUT_MS = 15_000
/** Far above the size of a token's answer. */
const MAX_ANSWER_BYTES = 64 * 1024
/** How long others wait for one caller: its call, and a little for storing the answer. */
const CLAIM_MS = 20_000
const LOOK_AGAIN_MS = 100

const unavailable = () => new AppError('UPSTREAM_UNAVAILABLE', 503, 'GitLab is unavailable', { headers: { 'retry-after': '10' } })

const jsonOf = (bytes: Uint8Array): any => {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    // No JSON: the status alone says what came of it.
    return undefined
  }
}
/** The answer of GitLab's token endpoint. */
type Verdict =
  | { kind: 'renewed'; accessToken: string; refreshToken: string | undefined; expiresIn: number | undefined }
  | { kind: 'refused'; reason: string; erase: boolean }
  | { kind: 'unavailable' }

/** Renews access tokens at GitLab (§12): one call at a time per account over all processes, its result shared. */
export const createRefresh = ({
  db,
  clock,
  store,
  repository,
  credentials,
  fetch: send,
}: {
  db: Db
  clock: Clock
  store: TaskStore
  repository: CredentialsRepository
  credentials: Credentials
  fetch?: (request: Request) => Promise<Response>
}) => {
  const ask = async (instance: string, form: Record<string, string>): Promise<Verdict> => {
    const init = {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ grant_type: 'refresh_token', ...form }).toString(),
    }
    const answer = await exchange(`${instance}/oauth/token`, init, {
      clock,
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_ANSWER_BYTES,
      fetch: send,
    }).catch((error) => {
      if (!(error instanceof ExchangeError)) throw error
      return error.problem === 'refused' ? ('refused' as const) : undefined
    })
    if (answer === 'refused') return { kind: 'refused', reason: 'address is not allowed', erase: false }
    if (!answer || answer.status < 200 || answer.status >= 500 || answer.status === 429) return { kind: 'unavailable' }
    const body = jsonOf(answer.bytes)
    if (answer.status === 200 && typeof body?.access_token === 'string' && body.access_token !== '')
      return {
        kind: 'renewed',
        accessToken: body.access_token,
        refreshToken: typeof body.refresh_token === 'string' ? body.refresh_token : undefined,
        expiresIn: typeof body.expires_in === 'number' ? body.expires_in : undefined,
      }
    if (answer.status < 400) return { kind: 'unavailable' }
    const code = typeof body?.error === 'string' ? body.error.slice(0, 100) : `http_${answer.status}`
    return { kind: 'refused', reason: code, erase: code === 'invalid_grant' }
  }

  /** Stores GitLab's answer and releases the refresh claim, so that other processes continue. */
  const keep = (account: AccountRow, owner: string, verdict: Verdict): Promise<void> =>
    db.tx(function* (tx) {
      const now = new Date(clock.now())
      const current = yield* repository.lock(tx, account.id)
      if (!current) return
      const free = current.refreshOwner === owner ? { refreshOwner: null, refreshUntil: null } : {}
      if (verdict.kind === 'renewed') {
        const { accessToken, refreshToken, expiresIn } = verdict
        const hashes = credentials.hashesOf(accessToken)
        // GitLab may prolong the token that it has given out.
        if (!hashes.includes(current.tokenHash)) yield* repository.keepFormer(tx, current, now)
        yield* repository.change(tx, account.id, {
          ...free,
          ...credentials.encrypt(account.id, { accessToken, refreshToken }),
          tokenHash: hashes[0] as string,
          tokenType: 'oauth2',
          expiresAt: expiresIn === undefined ? null : new Date(now.getTime() + expiresIn * 1000),
          version: current.version + 1,
          refusal: null,
          updatedAt: now,
        })
      } else if (verdict.kind === 'refused') {
        const erased = verdict.erase ? { accessToken: null, refreshToken: null, updatedAt: now } : {}
        yield* repository.change(tx, account.id, { ...free, ...erased, refusal: verdict.reason })
      } else yield* repository.change(tx, account.id, free)
    })

  /** Claims the refresh, waits for the process that has claimed it, or finds that there is a newer token already. */
  const renew = async (accountId: string, known: number): Promise<Verdict | { kind: 'newer' }> => {
    const owner = crypto.randomUUID()
    for (;;) {
      const claim = await db.tx(function* (tx) {
        const now = clock.now()
        const account = yield* repository.lock(tx, accountId)
        if (!account) throw taskNotFound()
        if (account.version > known) return 'newer' as const
        if (account.refreshUntil !== null && account.refreshUntil.getTime() > now) return 'busy' as const
        yield* repository.change(tx, accountId, { refreshOwner: owner, refreshUntil: new Date(now + CLAIM_MS) })
        return account
      })
      if (claim === 'newer') return { kind: 'newer' }
      if (claim === 'busy') {
        await clock.sleep(LOOK_AGAIN_MS)
        continue
      }
      let verdict: Verdict
      try {
        const secrets = credentials.decrypt(claim)
        const client = credentials.clientOf(claim.instance, secrets)
        if (!secrets.refreshToken || client === undefined)
          verdict = {
            kind: 'refused',
            // What became of the refresh token says more than that it is gone.
            reason: secrets.refreshToken ? 'no client id' : (claim.refusal ?? 'no refresh token'),
            erase: false,
          }
        else if (claim.instance === '') verdict = { kind: 'refused', reason: 'no apiEndpoint', erase: false }
        else
          verdict = await ask(claim.instance, {
            refresh_token: secrets.refreshToken,
            client_id: client.clientId,
            ...(client.clientSecret === undefined ? {} : { client_secret: client.clientSecret }),
          })
      } catch {
        verdict = { kind: 'refused', reason: 'Stored credentials cannot be read', erase: false }
      }
      await keep(claim, owner, verdict)
      return verdict
    }
  }
  const running = new Map<string, ReturnType<typeof renew>>()
  const share = (accountId: string, known: number) => {
    const key = `${accountId} ${known}`
    const already = running.get(key)
    if (already) return already
    const started = renew(accountId, known).finally(() => running.delete(key))
    running.set(key, started)
    return started
  }

  return {
    /**
     * A newer access token for the holder of a lease (§7.16).
     * @throws AppError 404; 409 LEASE_LOST; 503 UPSTREAM_UNAVAILABLE with nothing changed
     */
    async refresh(taskId: string, { workerId, fence, credentialsVersion }: RefreshRequest): Promise<RefreshAnswer> {
      const row = await store.get(taskId)
      if (!row) throw taskNotFound()
      if (!holds(row, { owner: workerId, fence }, clock.now())) throw leaseLost(statusOf(row.status))
      const verdict = await share(row.accountId, credentialsVersion)
      if (verdict.kind === 'unavailable') throw unavailable()
      if (verdict.kind !== 'refused') {
        const account = await repository.get(row.accountId)
        const view = account && credentials.view(account)
        if (view) return { taskId, refreshSuccessful: true, credentials: view }
      }
      const account = await repository.get(row.accountId)
      const reason = verdict.kind === 'refused' ? verdict.reason : (account?.refusal ?? 'no token')
      await db.tx(function* (tx) {
        const now = clock.now()
        const current = yield* store.lock(tx, taskId)
        if (!current || !holds(current, { owner: workerId, fence }, now)) return
        const change: TaskRowChange = startChange(current, now)
        endLease(change)
        expireCredentials(change, account, reason)
        yield* store.save(tx, [change])
      })
      return { taskId, refreshSuccessful: false, reason }
    },
  }
}
export type Refresh = ReturnType<typeof createRefresh>

/** What an operator reads of a reason; others are shown as they are. */
const MEANINGS: Record<string, string> = {
  invalid_grant: 'GitLab refuses the refresh token (invalid_grant): it is used up, expired or revoked',
  invalid_client: 'GitLab does not know the OAuth client (invalid_client)',
  unauthorized_client: 'GitLab does not let this OAuth client renew tokens (unauthorized_client)',
  'no refresh token': 'the access token is refused, and there is no refresh token to renew it with',
  'no client id': 'the access token is refused, and there is no client id to renew it with',
  'no token': 'there is no access token any more',
}
const CLIENT_REASONS = ['invalid_client', 'unauthorized_client', 'no client id']

/** `credentialStatus` of a task whose account can get no newer token (gitlab-crawler §12), as a worker reports it of a refused one. */
const credentialStatusOf = ({ instance, providerId, tokenType }: AccountRow, taskId: string, reason: string) => {
  const oauth = tokenType === 'oauth2'
  const at = instance === '' ? '' : ` at ${instance}`
  const isOfClient = CLIENT_REASONS.includes(reason)
  return {
    type: 'credential_expiry',
    severity: 'HIGH',
    errorType: `${oauth ? 'OAUTH2' : 'PAT'}_EXPIRED`,
    reason,
    providerId,
    instanceType: instance !== '' && new URL(instance).hostname === 'gitlab.com' ? 'gitlab-cloud' : 'gitlab-self-hosted',
    message: MEANINGS[reason] ?? `the access token cannot be renewed: ${reason}`,
    adminGuidance: [
      ...(isOfClient ? [`Check the client id and secret of the OAuth application${at}`] : []),
      `Renew ${oauth ? 'the OAuth authorization' : 'the personal access token'}${at} with the scope read_api`,
      `Send ${oauth ? 'accessToken, refreshToken and clientId' : 'it'} as credentials with PUT /api/internal2/tasks/${encodeURIComponent(taskId)}; the task then goes on`,
    ],
  }
}

/** Sets a task aside until its account has new credentials, and says why; its lease is the caller's. */
export const expireCredentials = (change: TaskRowChange, account: AccountRow | undefined, reason: string): void => {
  change.reason = 'credential_expiry'
  if (account)
    change.row.progress = {
      ...change.row.progress,
      credentialStatus: credentialStatusOf(account, change.row.id, reason),
    }
  pause(change, 'credential_expired')
  addTimelineEvent(change, 'credential_status_change', { type: 'credential_expiry', reason })
}
