import { parseArgs } from 'node:util'
import { DEVELOPMENT_TOKENS } from '../config.ts'
import { CommandError, DEFAULT_SERVER, EXIT, type Io, serverOrigin, tokenFor, UsageError } from './io.ts'

export const help = `Usage: trawl love-parser ACTION [options]

What an operator of Love Parser sees and changes, over the server's API. Answers are JSON, lists a line for each entry.

  payments list                the newest payments; --status, --user, --order, --from, --to narrow them down
  payments show ORDER          one, with its plan, its notification and those that were refused
  plan end USER                ends a paid plan now, or at --at; --refund AMOUNT and --note are kept with it
  user block|unblock USER      their requests are 403, their streams end
  notification resend ORDER    applies a payment whose notification was lost; needs --amount, what came

  --reason TEXT    why, kept with every change and needed for it
  --limit N        most payments of a list, default 50, up to 100
  --cursor TEXT    where a list goes on, as the page before says
  --server URL     default ${DEFAULT_SERVER}
  --token TOKEN    default INTERNAL_API_TOKEN; a token on the command line can be seen by other users of the machine

Exit: 0, 2 wrong usage, 3 when the server is away or refuses.
`

const TIMEOUT_MS = 30_000
const BASE = '/internal/love-parser'

/** What a command line asks of the server. */
interface Asked {
  method: 'GET' | 'POST'
  path: string
  body?: Record<string, unknown>
}

const OPTIONS = {
  status: { type: 'string' },
  user: { type: 'string' },
  order: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  limit: { type: 'string' },
  cursor: { type: 'string' },
  reason: { type: 'string' },
  at: { type: 'string' },
  refund: { type: 'string' },
  note: { type: 'string' },
  amount: { type: 'string' },
  server: { type: 'string', default: DEFAULT_SERVER },
  token: { type: 'string' },
} as const
type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values']

/** A path segment of the command line. */
const one = (name: string, args: string[]): string => {
  const [value, ...more] = args
  if (value === undefined || value === '' || more.length > 0) throw new UsageError(`exactly one ${name} is needed`)
  return encodeURIComponent(value)
}
const reasonOf = ({ reason }: Values): string => {
  if (reason === undefined || reason.trim() === '') throw new UsageError('--reason is needed: it is kept with the change')
  return reason
}

const ACTIONS: Record<string, (args: string[], values: Values) => Asked> = {
  'payments list'(args, { status, user, order, from, to, limit, cursor }) {
    if (args.length > 0) throw new UsageError('payments list takes options only')
    const given = Object.entries({ status, user_id: user, order, from, to, limit, cursor })
    const query = new URLSearchParams(given.filter((entry): entry is [string, string] => entry[1] !== undefined)).toString()
    return { method: 'GET', path: `/payments${query === '' ? '' : `?${query}`}` }
  },
  'payments show': (args) => ({ method: 'GET', path: `/payments/${one('ORDER', args)}` }),
  'plan end': (args, values) => ({
    method: 'POST',
    path: `/users/${one('USER', args)}/plan/end`,
    body: {
      reason: reasonOf(values),
      at: values.at,
      refund: values.refund === undefined ? undefined : { amount: values.refund, note: values.note },
    },
  }),
  'user block': (args, values) => ({
    method: 'POST',
    path: `/users/${one('USER', args)}/block`,
    body: { reason: reasonOf(values) },
  }),
  'user unblock': (args, values) => ({
    method: 'POST',
    path: `/users/${one('USER', args)}/unblock`,
    body: { reason: reasonOf(values) },
  }),
  'notification resend': (args, values) => ({
    method: 'POST',
    path: `/payments/${one('ORDER', args)}/notification/resend`,
    body: { reason: reasonOf(values), amount: values.amount },
  }),
}

/** @throws CommandError when the server is away, or with what it says when it refuses */
const ask = async (origin: string, token: string, { method, path, body }: Asked): Promise<any> => {
  const request = {
    method,
    headers: { 'x-internal-token': token, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
    redirect: 'manual' as const, // a redirect would carry the token to wherever it points
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }
  const response = await fetch(`${origin}${BASE}${path}`, request).catch((error) => {
    throw new CommandError(`${origin} cannot be reached (${error instanceof Error ? error.message : String(error)})`)
  })
  const text = await response.text()
  let answer: any
  try {
    answer = JSON.parse(text)
  } catch {
    // Not ours: a proxy's page. The status says enough.
  }
  if (response.ok && answer !== undefined) return answer
  const message: unknown = answer?.error?.message
  throw new CommandError(`${origin} answered ${response.status}${typeof message === 'string' ? `: ${message}` : ''}`)
}

/** `trawl love-parser` */
export const run = async (args: string[], io: Io): Promise<number> => {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: OPTIONS })
  const [noun = '', verb = '', ...rest] = positionals
  const name = `${noun} ${verb}`
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined
  if (!action) throw new UsageError(`the actions are ${Object.keys(ACTIONS).join(', ')}`)
  const asked = action(rest, values)
  const origin = serverOrigin(values.server)
  const answer = await ask(origin, tokenFor(origin, values.token ?? io.token, DEVELOPMENT_TOKENS.INTERNAL_API_TOKEN), asked)
  if (!Array.isArray(answer.items)) io.out(`${JSON.stringify(answer, null, 2)}\n`)
  else {
    for (const item of answer.items) io.out(`${JSON.stringify(item)}\n`)
    if (answer.next_cursor !== undefined) io.err(`more with --cursor ${answer.next_cursor}\n`)
  }
  return EXIT.ok
}
