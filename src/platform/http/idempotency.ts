import type { AppError } from '../../errors.ts'
import type { Clock } from '../clock.ts'
import type { Db, Params, Steps, Tx } from '../db/index.ts'
import type { ParamType } from '../db/sql.ts'

const DAY_MS = 86_400_000
/** Characters given to the hash at once. */
const PIECE = 65_536
/** How long hashing holds the event loop before others have a turn, in milliseconds. */
const SLICE_MS = 8
/** Nodes between two looks at the clock. */
const NODES = 1024

/** What a request is about: equal ones under one key are one request. */
export interface Fingerprint {
  /** SHA-256 of the body's value: the order of keys and white space do not count, numbers count by value. */
  value: string
  /** Hash of the body's text, in the family's own form: what the release before compares. */
  text: string
}

const breathe = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Lets others have a turn when this one has lasted long enough. */
const createPause = () => {
  let since = performance.now()
  return async (): Promise<void> => {
    if (performance.now() - since < SLICE_MS) return
    await breathe()
    since = performance.now()
  }
}

/** A list or object that is being written: its members still to come, the last first. */
interface Open {
  /** Sorted keys of an object; undefined for a list. */
  keys: string[] | undefined
  of: any
  next: number
  first: boolean
}

/**
 * SHA-256 (base64url) of a JSON value, the same for every text that says it: keys are hashed in sorted order, members that are undefined are
 * absent. `without` names members of the outermost object that do not count. Pauses in between, so that a large body does not hold the event loop.
 */
export const hashOfValue = async (value: unknown, without: readonly string[] = []): Promise<string> => {
  const hasher = new Bun.CryptoHasher('sha256')
  const pause = createPause()
  const stack: Open[] = []
  let text = ''
  const open = (of: unknown) => {
    if (Array.isArray(of)) {
      text += '['
      stack.push({ keys: undefined, of, next: 0, first: true })
    } else if (typeof of === 'object' && of !== null && !(of instanceof Date)) {
      text += '{'
      const keys = Object.keys(of).sort()
      stack.push({
        keys: stack.length === 0 && without.length > 0 ? keys.filter((key) => !without.includes(key)) : keys,
        of,
        next: 0,
        first: true,
      })
    }
    // Texts, numbers and the like; a time as JSON writes it.
    else text += JSON.stringify(of) ?? 'null'
  }
  open(value)
  for (let node = 1; stack.length > 0; node++) {
    const frame = stack[stack.length - 1] as Open
    const { keys, of } = frame
    if (frame.next === (keys ?? of).length) {
      text += keys ? '}' : ']'
      stack.pop()
    } else {
      const key = keys?.[frame.next]
      const member = of[key ?? frame.next]
      frame.next++
      if (key === undefined || member !== undefined) {
        if (frame.first) frame.first = false
        else text += ','
        if (key !== undefined) text += `${JSON.stringify(key)}:`
        open(member)
      }
    }
    if (text.length >= PIECE) {
      hasher.update(text)
      text = ''
      await pause()
    } else if (node % NODES === 0) await pause()
  }
  return hasher.update(text).digest('base64url')
}

/** SHA-256 of a text, with pauses. */
export const hashOfText = async (text: string, encoding: 'base64url' | 'hex'): Promise<string> => {
  const hasher = new Bun.CryptoHasher('sha256')
  const pause = createPause()
  for (let from = 0; from < text.length; ) {
    let end = Math.min(from + PIECE, text.length)
    // Not between the halves of a character, which would be hashed as two unknown ones.
    if (end < text.length && (text.charCodeAt(end - 1) & 0xfc00) === 0xd800) end++
    hasher.update(text.slice(from, end))
    from = end
    await pause()
  }
  return hasher.digest(encoding)
}

/** A column and its Postgres type. */
type Columns = Record<string, 'text' | 'uuid' | 'int' | 'jsonb'>

/** The table in which a family keeps its answers. Each has `body_hash`, `fingerprint` and `expires_at` besides. */
export interface AnswerTable<Answer> {
  table: string
  /** The columns that name a request; together they are unique. */
  identity: Columns
  /** The columns of the answer, and what they are while there is none, as SQL. */
  answer: Columns
  pending: Record<string, string>
  encode(answer: Answer): Params
  decode(row: any): Answer
  /** Whether `expires_at` is a time or epoch milliseconds. */
  time: 'timestamptz' | 'bigint'
  hasCreatedAt: boolean
}

export interface IdempotencyOptions<Answer> {
  kept: AnswerTable<Answer>
  /** The refusal of another body under a known key. */
  conflict(): AppError
  /** The refusal of a request whose like is under way in this process; without it, it waits for that one. */
  inProgress?(): AppError
}

/** One request under an Idempotency-Key. */
export interface KeyedRequest {
  /** Values of the table's identity: who asks, and the key. */
  identity: Record<string, string>
  fingerprint: Fingerprint
}

/**
 * Requests that may come again (Idempotency-Key): one effect and one answer per key and caller, kept for 24 h in the transaction of the effect.
 * An effect that fails is forgotten. One implementation for all families; each says where it keeps its answers and how it refuses.
 */
export const createIdempotency = <Answer>(
  { db, clock }: { db: Db; clock: Clock },
  { kept, conflict, inProgress }: IdempotencyOptions<Answer>,
) => {
  const { table, identity, answer: answers, pending, time } = kept
  const { param: value } = db.fragments
  const names = Object.keys(identity)
  const columns = Object.keys(answers)
  const isThis = names.map((name) => `${name} = ${value(name, identity[name] as ParamType)}`).join(' and ')
  const now = value('now', time)
  const inserted: [string, string][] = [
    ...names.map((name): [string, string] => [name, value(name, identity[name] as ParamType)]),
    ['body_hash', value('text', 'text')],
    ['fingerprint', value('value', 'text')],
    ...columns.map((name): [string, string] => [name, pending[name] ?? 'null']),
    ['expires_at', value('until', time)],
    ...(kept.hasCreatedAt ? [['created_at', now] as [string, string]] : []),
  ]
  const statement = <Row>(name: string, text: string) => db.statement<Row>(`${table}_${name}`, text)
  const take = statement<{ body_hash: string }>(
    'take',
    `insert into ${table} (${inserted.map(([name]) => name).join(', ')}) values (${inserted.map(([, of]) => of).join(', ')})
      on conflict (${names.join(', ')}) do update set ${inserted
        .slice(names.length)
        .map(([name]) => `${name} = excluded.${name}`)
        .join(', ')}
      where ${table}.expires_at <= ${now} returning body_hash`,
  )
  const find = statement<{ body_hash: string; fingerprint: string | null }>(
    'find',
    `select body_hash, fingerprint, ${columns.join(', ')} from ${table} where ${isThis} and expires_at > ${now}`,
  )
  const keep = statement(
    'keep',
    `update ${table} set ${columns.map((name) => `${name} = ${value(name, answers[name] as ParamType)}`).join(', ')}
      where ${isThis} returning body_hash`,
  )
  const purge = statement('purge', `delete from ${table} where expires_at <= ${now} returning body_hash`)
  const at = (ms: number) => (time === 'timestamptz' ? new Date(ms) : ms)
  const underWay = new Set<string>()

  return {
    /**
     * Runs `effect` for the first request of a key and answers all later ones what it kept. On Postgres a second request waits here until
     * the first has committed. `effect` has to call `keep` with its answer, once.
     * @throws the family's conflict for another body under a known key
     */
    *once(
      tx: Tx,
      { identity: of, fingerprint: { value, text } }: KeyedRequest,
      effect: (keep: (answer: Answer) => Steps<void>) => Steps<Answer>,
    ): Steps<{ answer: Answer; replayed: boolean }> {
      const ms = clock.now()
      const taken = yield* tx.run(take, { ...of, value, text, now: at(ms), until: at(ms + DAY_MS) })
      if (taken.length > 0) {
        const answer = yield* effect(function* (given) {
          yield* tx.run(keep, { ...of, ...kept.encode(given) })
        })
        return { answer, replayed: false }
      }
      const [known] = yield* tx.run(find, { ...of, now: at(ms) })
      // The release before keeps the hash of the text only.
      const isSame = known && (known.fingerprint === null ? known.body_hash === text : known.fingerprint === value)
      if (!isSame) throw conflict()
      return { answer: kept.decode(known), replayed: true }
    },
    /**
     * Runs `work` unless a request of the same name is under way in this process.
     * @throws the family's refusal of that
     */
    async alone<T>(of: Record<string, string>, work: () => Promise<T>): Promise<T> {
      const id = JSON.stringify(names.map((name) => of[name]))
      if (inProgress && underWay.has(id)) throw inProgress()
      underWay.add(id)
      try {
        return await work()
      } finally {
        underWay.delete(id)
      }
    },
    /** Deletes what has expired. */
    *purge(tx: Tx, before: Date): Steps<void> {
      yield* tx.run(purge, { now: at(before.getTime()) })
    },
  }
}
