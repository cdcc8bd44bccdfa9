import { OPENAPI_FILE } from './openapi.ts'

/** Warnings of redocly's recommended rules that stay, each with its reason. Errors never do. */
const ACCEPTED: Record<string, string> = {
  'info-license': 'the owner has not chosen a licence',
  'no-ambiguous-paths': 'the contracts have fixed and named segments side by side; the fixed one wins',
  'operation-2xx-response': 'a WebSocket upgrade answers 101',
  'operation-4xx-response': 'probes refuse nobody',
}

interface Problem {
  ruleId: string
  severity: 'error' | 'warn'
  message: string
  location: { pointer: string }[]
}

/** Lints the committed API document with redocly's `recommended` rules; answers what is not accepted. Reads no network. */
export const apiLintProblems = async (): Promise<string[]> => {
  const done = Bun.spawnSync(
    [
      process.execPath,
      'x',
      '--bun',
      'redocly',
      'lint',
      OPENAPI_FILE,
      '--extends=recommended',
      '--format=json',
      '--max-problems=1000',
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
    },
  )
  const text = done.stdout.toString()
  const start = text.indexOf('{')
  if (start < 0) return [`redocly said nothing: ${done.stderr.toString().trim()}`]
  const { problems } = JSON.parse(text.slice(start)) as { problems: Problem[] }
  const isAccepted = ({ severity, ruleId }: Problem) => severity === 'warn' && ruleId in ACCEPTED
  return problems
    .filter((problem) => !isAccepted(problem))
    .map(({ severity, ruleId, message, location }) => `${severity} ${ruleId}: ${message} (${location[0]?.pointer})`)
}
