import { AppError } from '../../errors.ts'
import { isHostile, readBodyBytes } from '../../platform/http/request.ts'
import { NO_BODY, NOT_JSON } from './model.ts'

/**
 * The JSON of a create's body, `NO_BODY` or `NOT_JSON`: those are refused together with what is wrong with the query (stickers §5.2).
 * @throws AppError 413, 415
 */
export const readCreateBody = async (request: Request, limit: number): Promise<unknown> => {
  if (!/^\s*application\/json\s*(?:;|$)/i.test(request.headers.get('content-type') ?? ''))
    throw new AppError('unsupported_media_type', 415, 'The body should be application/json')
  const bytes = await readBodyBytes(request, limit)
  if (bytes.byteLength === 0) return NO_BODY
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    const value = JSON.parse(text)
    return isHostile(text, value) ? NOT_JSON : value
  } catch {
    return NOT_JSON
  }
}
