export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'
export type LogFields = Record<string, unknown>

/** Structured log: one JSON object a line. Secrets never reach it: see `redact`. */
export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  child(fields: LogFields): Log
}

const RANK: Record<LogLevel, number> = { debug: 10, info: 20, warn: 30, error: 40, silent: 99 }
const SECRET_KEY =
  /token|secret|password|passwd|authorization|cookie|credential|api[-_]?key|session|phone|init_?data|hash$|signature|ciphertext/i
const SECRET_TEXT: [RegExp, string][] = [
  [/\b(bearer|basic)\s+[^\s"',;]+/gi, '$1 [redacted]'],
  [/([?&;\s"']|^)((?:[\w-]*(?:token|secret|password|api[-_]?key|signature|code|hash|init_data))=)[^&\s"']+/gi, '$1$2[redacted]'],
  [
    /("[\w-]*(?:token|secret|password|api[-_]?key|hash|session|phone|init_data)[\w-]*"\s*:\s*)"(?:[^"\\]|\\.)*"/gi,
    '$1"[redacted]"',
  ],
  [/\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g, '[redacted jwt]'],
  // Greedy to the last @ before the path: a password may hold one.
  [/(:\/\/[^\s/:@]*:)[^\s/]+@/g, '$1[redacted]@'],
  [/(?<!\d)\d{6,12}:[A-Za-z0-9_-]{30,}/g, '[redacted bot token]'],
  [/\+\d(?:[\s().-]{0,2}\d){9,14}(?!\d)/g, '[redacted phone]'],
]

/** Most characters of a text in a log line. */
const MAX_TEXT = 4000
const cut = (text: string): string => (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}...` : text)
/** What the database's library and the database itself quote of a statement's parameters: people's data. */
const withoutParameters = (text: string): string =>
  text.replace(/\n?\bparams:[\s\S]*$/, '').replace(/(\binvalid input [^:\n]*: )"[\s\S]*"/, '$1[value]')
/** Message and stack of an error, fit for a log line. The stack begins with the message, whose parameters may have lines of their own. */
const textsOf = ({ message, stack }: Error): { message: string; stack: string | undefined } => {
  const clean = (text: string) => redactText(cut(text))
  const at = message === '' || stack === undefined ? -1 : stack.indexOf(message)
  const frames = stack !== undefined && at >= 0 ? stack.slice(at + message.length) : undefined
  return {
    message: clean(message),
    stack:
      frames === undefined
        ? stack === undefined
          ? undefined
          : clean(stack)
        : cut(`${clean((stack as string).slice(0, at) + message)}${redactText(frames)}`),
  }
}

/** Removes parameters of statements and credentials from free text: bearer values, `token=` parameters, JWTs, URL passwords, bot tokens, phone numbers. */
export const redactText = (text: string): string =>
  SECRET_TEXT.reduce((out, [pattern, to]) => out.replace(pattern, to), withoutParameters(text))

/** A copy fit for a log line: secret-looking keys are masked, texts are cleaned, errors become `{name, message, stack}`. */
export const redact = (value: unknown, depth = 0): unknown => {
  if (typeof value === 'string') return redactText(cut(value))
  if (typeof value === 'bigint') return value.toString()
  if (value === null || typeof value !== 'object') return value
  if (depth > 5) return '[deep]'
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Error)
    return {
      name: value.name,
      ...textsOf(value),
      cause: value.cause === undefined ? undefined : redact(value.cause, depth + 1),
      errors: value instanceof AggregateError ? value.errors.map((error) => redact(error, depth + 1)) : undefined,
    }
  if (Array.isArray(value)) return value.slice(0, 50).map((item) => redact(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      SECRET_KEY.test(key) && item !== null && typeof item !== 'boolean' ? '[redacted]' : redact(item, depth + 1),
    ]),
  )
}

type Line = { time: string; level: string; message: string } & LogFields

/** How a line is written: JSON for programs, one short line for people. */
export type LogFormat = 'json' | 'readable'

const asText = (value: unknown): string =>
  typeof value === 'string' ? (/^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)) : JSON.stringify(value)
/** `12:00:01 warn  message  key=value`, and the stack of an error below it. */
const readable = ({ time, level, message, ...fields }: Line): string => {
  const { error } = fields as { error?: { name?: string; message?: string; stack?: string } }
  const rest = Object.entries(fields).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${key === 'error' && error?.message ? asText(error.message) : asText(value)}`],
  )
  const stack = error?.stack ? `\n${error.stack}` : ''
  return `${time.slice(11, 19)} ${level.padEnd(5)} ${[message, ...rest].join('  ')}${stack}`
}

export interface LogOptions {
  level: LogLevel
  now?: () => number
  /** Gets whole lines with their newline. */
  write?: (line: string) => void
  /** Default `json`. */
  format?: LogFormat
}

export const createLog = (
  { level, now = Date.now, write = (line) => process.stdout.write(line), format = 'json' }: LogOptions,
  base: LogFields = {},
): Log => {
  const emit = (name: Exclude<LogLevel, 'silent'>) => {
    if (RANK[name] < RANK[level]) return () => {}
    return (message: string, fields?: LogFields) => {
      const line = { time: new Date(now()).toISOString(), level: name, message: redactText(cut(message)), ...base, ...fields }
      const clean = redact(line) as Line
      write(`${format === 'json' ? JSON.stringify(clean) : readable(clean)}\n`)
    }
  }
  return {
    debug: emit('debug'),
    info: emit('info'),
    warn: emit('warn'),
    error: emit('error'),
    child: (fields) => createLog({ level, now, write, format }, { ...base, ...fields }),
  }
}

export const silentLog: Log = createLog({ level: 'silent' })

/**
 * The one way to the terminal: lines of the log, and below them one line that is written anew. In a pipe there is no such line, so each of its
 * texts is a line of its own.
 */
export interface Terminal {
  /** Whether a person reads along. */
  isInteractive: boolean
  /** Writes text that ends with a newline, above the live line. */
  write(text: string): void
  /** Shows a text as the live line until the next one; without one there is none. */
  live(text?: string): void
}

const CLEAR_LINE = '\r\x1b[2K'

export const createTerminal = ({
  write = (text: string) => void process.stdout.write(text),
  isInteractive = process.stdout.isTTY === true,
  /** Characters of a line: a longer live line would wrap, and only its last row be cleared. */
  columns = () => process.stdout.columns ?? 80,
} = {}): Terminal => {
  let shown = ''
  return {
    isInteractive,
    write: (text) => write(shown === '' ? text : `${CLEAR_LINE}${text}${shown}`),
    live(text) {
      if (isInteractive) {
        shown = (text ?? '').slice(0, columns() - 1)
        write(`${CLEAR_LINE}${shown}`)
      } else if (text !== undefined) write(`${text}\n`)
    },
  }
}
