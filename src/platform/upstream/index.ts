export { type CachedCalls, createCachedCalls, type Fetched } from './cached.ts'
export { createUpstream, type Upstream, type UpstreamOptions, type UpstreamRequest } from './client.ts'
export { UpstreamError, type UpstreamFailure } from './errors.ts'
