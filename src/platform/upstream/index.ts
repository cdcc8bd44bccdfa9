export { type CachedCalls, createCachedCalls, type Fetched } from './cached.ts'
export { createUpstream, type Upstream, type UpstreamOptions } from './client.ts'
export { UpstreamError } from './errors.ts'
