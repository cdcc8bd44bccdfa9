import { AppError, unauthorized } from '../errors.ts'
import { secretFinder } from '../platform/crypto.ts'
import type { Platform } from '../platform/index.ts'

export type ServiceTokens = Platform['config']['serviceTokens']
type Service = ServiceTokens[number]
export type Scope = Service['scopes'][number]

/** Who a service token names, and what it may do (stickers §2). Without any token configured nobody is let in. */
export const createServiceAccess = (tokens: ServiceTokens) => {
  const find = secretFinder(tokens.map(({ token }) => token))
  return {
    /** @throws AppError 401 with the contract's exact message */
    authenticate(header: string | null): Service {
      const presented = header?.trim() ?? ''
      if (presented === '') throw unauthorized('Missing service token')
      const service = tokens[find(presented)]
      if (!service) throw unauthorized('Invalid service token')
      return service
    },
    /** @throws AppError 403 */
    require(service: Service, scope: Scope): void {
      if (!service.scopes.includes(scope)) throw new AppError('forbidden', 403, 'This service is not allowed to do this')
    },
  }
}
