import { addTimelineEvent, pause, type TaskRowChange } from '../tasks/change.ts'
import type { AccountRow } from './repository.ts'

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
