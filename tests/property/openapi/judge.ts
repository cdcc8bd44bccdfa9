import type { Document, Operation } from './document.ts'
import { BOT_TOKEN, DASHBOARD_SECRET, JWT_SECRET, METRICS_TOKEN, SHOP_PASSWORD } from './world.ts'

export interface Answered {
  status: number
  headers: Headers
  text: string
}

/**
 * Answers 5xx that are right although everything is configured, each with its reason. Empty: the fuzz has doubles for all that the app
 * would call.
 */
const EXPECTED_5XX: Record<string, string> = {}

const SECRETS = [
  ...[BOT_TOKEN, DASHBOARD_SECRET, JWT_SECRET, METRICS_TOKEN, SHOP_PASSWORD],
  ...['dev-internal-token', 'dev-analytics-token', 'dev-crawler-token', 'dev-service-token'],
]
/** What only the inside of the server would say. */
const INSIDE = /node_modules|\/src\/\w|SQLITE_|PostgresError|DrizzleQuery|at async |TypeError|RangeError/

const media = (type: string | null) => (type ?? '').split(';')[0]?.trim().toLowerCase() ?? ''

/** What is wrong with an answer; undefined when the document foresaw it. */
export const judge = (document: Document, operation: Operation, answer: Answered): string | undefined => {
  const { status, headers, text } = answer
  const described = operation.responses.get(status)
  if (status >= 500 && !EXPECTED_5XX[`${operation.key} ${status}`]) return `a failure ${status}`
  if (!described) return `the status ${status} is not documented`
  if (status !== 101 && headers.get('x-request-id') === null) return 'no X-Request-Id'
  for (const secret of SECRETS) if (text.includes(secret)) return 'the answer contains a secret'
  if (INSIDE.test(text)) return 'the answer contains internals of the server'
  if (described.size === 0) return text === '' || status >= 300 ? undefined : 'a body where none is documented'
  const type = media(headers.get('content-type'))
  const schema = described.get(type)
  if (!schema) return `the content type "${type}" is not documented, only ${[...described.keys()].join(', ')}`
  if (type !== 'application/json') return undefined
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return 'the body is not JSON'
  }
  const problem = document.problem(schema, body)
  return problem === undefined ? undefined : `the body is not of its schema: ${problem}`
}
