/** Socket addresses by request; the server is known only once it listens. */
export interface AddressSource {
  requestIP(request: Request): { address: string } | null
}

/** Stands for a request that came through no socket (`app.handle`). */
const NO_SOCKET = 'local'

/**
 * The address a request came from. `X-Forwarded-For` counts only as far as the `hops` trusted proxies in front have written it:
 * whatever stands further left is the client's own claim.
 */
export const clientIp = (request: Request, server: AddressSource | null | undefined, hops: number): string => {
  const socket = server?.requestIP(request)?.address ?? NO_SOCKET
  if (hops === 0) return socket
  const forwarded = request.headers.get('x-forwarded-for')
  if (forwarded === null) return socket
  const chain = forwarded.split(',').map((part) => part.trim())
  return chain[Math.max(0, chain.length - hops)] || socket
}
