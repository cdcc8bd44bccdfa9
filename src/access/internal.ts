import { AppError, forbidden, unauthorized } from '../errors.ts'
import { secretMatcher } from '../platform/crypto.ts'
import type { Call, Principal } from '../platform/http/family.ts'
import type { DashboardAccess } from './tokens.ts'

export interface InternalAccessDeps {
  /** INTERNAL_API_TOKEN; undefined: no token opens anything. */
  internalToken: string | undefined
  dashboard: DashboardAccess
}

/**
 * Who calls an operator's route of any family (gifty §1.1): the service token, which alone decides where it is sent, or else the JWT of a
 * dashboard user. `call.recheck` asks again whether a person is still let in.
 */
export const createInternalAccess = ({ internalToken, dashboard }: InternalAccessDeps) => {
  const isInternal = internalToken === undefined ? undefined : secretMatcher(internalToken)

  const byDashboard = async (authorization: string, call: Call): Promise<Principal> => {
    const jwt = /^Bearer +(\S+)$/i.exec(authorization)?.[1]
    if (jwt === undefined) throw unauthorized('Malformed Authorization header')
    const principal = await dashboard.authenticate(jwt)
    call.recheck = () => dashboard.authenticate(jwt)
    return principal
  }
  /** @throws AppError 401 without a credential or with a token that does not verify, 403 for a wrong one */
  return ({ headers }: Request, call: Call): Principal | Promise<Principal> => {
    const token = headers.get('x-internal-token')
    if (token !== null) {
      if (!isInternal?.(token)) throw forbidden('Invalid internal token')
      return { kind: 'service', id: 'service' }
    }
    const authorization = headers.get('authorization')
    if (authorization !== null && /^Bearer\b/i.test(authorization)) return byDashboard(authorization, call)
    throw unauthorized('Missing internal token')
  }
}
export type InternalAccess = ReturnType<typeof createInternalAccess>

/** The service token and a superadmin may do everything; an admin may not. @throws AppError 403 */
export const requireSuperadmin = (principal: Principal): void => {
  if (principal.kind !== 'service' && principal.role !== 'superadmin')
    throw new AppError('forbidden', 403, 'Only a superadmin may do this')
}
