import { type Clock, createId } from '../../platform/clock.ts'
import type { KeyRing } from '../../platform/crypto.ts'
import type { Steps, Tx } from '../../platform/db/index.ts'
import { dateOr } from '../fields.ts'
import type { CredentialsInput, CredentialsView } from './index.ts'
import type { AccountRow, CredentialsRepository } from './repository.ts'

const SECRETS = ['accessToken', 'refreshToken', 'clientId', 'clientSecret'] as const
type Secret = (typeof SECRETS)[number]

/** Secrets of an account, readable. Absent ones are undefined. */
export type Secrets = Partial<Record<Secret, string>>

export interface WantedAccount {
  instance: string
  credentials: CredentialsInput
}

export const credentialsUnreadable = 'Stored credentials cannot be read'

/** An OAuth application, and the origin of the instance that it belongs to. */
export interface OAuthClient {
  instance: string
  clientId: string
  clientSecret: string | undefined
}

/** Accounts and their views (§12). A secret is encrypted for its row and column, and looked up by a keyed hash. */
export const createCredentials = ({
  clock,
  keyRing,
  repository,
  defaultClient,
}: {
  clock: Clock
  keyRing: () => KeyRing
  repository: CredentialsRepository
  /** Of accounts without a client of their own; belongs to one instance. */
  defaultClient: OAuthClient | undefined
}) => {
  const place = (id: string, column: Secret) => ({ table: 'crawler_accounts', row: id, column })
  const hashesOf = (token: string) => keyRing().hashes(token, 'crawler-access-token')
  const encrypt = (id: string, secrets: Secrets): Partial<Record<Secret, string>> =>
    Object.fromEntries(
      SECRETS.filter((name) => secrets[name]).map((name) => [name, keyRing().encrypt(secrets[name] as string, place(id, name))]),
    )
  /** @throws Error when a value does not decrypt */
  const decrypt = (account: AccountRow): Secrets =>
    Object.fromEntries(
      SECRETS.filter((name) => account[name] !== null).map((name) => [
        name,
        keyRing().decrypt(account[name] as string, place(account.id, name)),
      ]),
    )
  /** The client that may renew the tokens of an account at this instance: its own, or the default one where that belongs there. */
  const clientOf = (instance: string, { clientId, clientSecret }: Secrets): Omit<OAuthClient, 'instance'> | undefined => {
    if (clientId !== undefined) return { clientId, clientSecret }
    return defaultClient?.instance === instance ? defaultClient : undefined
  }
  const typeOf = (given: CredentialsInput) => given.tokenType ?? (given.refreshToken ? 'oauth2' : 'pat')

  const newAccount = ({ instance, credentials }: WantedAccount, now: number): AccountRow => {
    const id = createId(clock)
    const stored = encrypt(id, credentials)
    return {
      id,
      providerId: instance === '' ? '' : new URL(instance).host,
      instance,
      tokenHash: hashesOf(credentials.accessToken)[0] as string,
      accessToken: stored.accessToken ?? null,
      refreshToken: stored.refreshToken ?? null,
      clientId: stored.clientId ?? null,
      clientSecret: stored.clientSecret ?? null,
      tokenType: typeOf(credentials),
      expiresAt: dateOr(credentials.expiresAt),
      version: 1,
      refusal: null,
      refreshOwner: null,
      refreshUntil: null,
      createdAt: new Date(now),
      updatedAt: new Date(now),
    }
  }
  /** What a client brings beside a token that is already known. */
  const additions = (account: AccountRow, given: CredentialsInput): Partial<AccountRow> => {
    const brought = SECRETS.filter((name) => name !== 'accessToken' && given[name])
    const expiresAt = dateOr(given.expiresAt)
    // A bare token says nothing about its type.
    const tokenType = given.tokenType ?? (given.refreshToken ? 'oauth2' : account.tokenType)
    const plain: Partial<AccountRow> = {
      ...(expiresAt && expiresAt.getTime() !== account.expiresAt?.getTime() ? { expiresAt } : {}),
      ...(tokenType === account.tokenType ? {} : { tokenType }),
    }
    if (brought.length === 0) return plain
    let known: Secrets = {}
    try {
      known = decrypt(account)
    } catch {
      // Written anew below: with what the client brings, the account can be read again.
    }
    const changed = brought.filter((name) => known[name] !== given[name])
    return { ...encrypt(account.id, Object.fromEntries(changed.map((name) => [name, given[name]]))), ...plain }
  }

  return {
    decrypt,
    hashesOf,
    encrypt,
    typeOf,
    /** Ids of the accounts of these credentials, in their order; missing ones are made. */
    *accountsFor(tx: Tx, wanted: WantedAccount[], now: number): Steps<string[]> {
      const keyOf = (instance: string, hash: string) => `${hash} ${instance}`
      const keys = wanted.map(({ credentials }) => hashesOf(credentials.accessToken))
      const known = new Map<string, AccountRow>()
      const remember = (rows: AccountRow[]) => {
        for (const row of rows) known.set(keyOf(row.instance, row.tokenHash), row)
      }
      const former = new Map<string, AccountRow>()
      const findIn = (accounts: Map<string, AccountRow>, n: number) => {
        for (const hash of keys[n] as string[]) {
          const row = accounts.get(keyOf((wanted[n] as WantedAccount).instance, hash))
          if (row) return row
        }
        return undefined
      }
      const find = (n: number) => findIn(known, n) ?? findIn(former, n)
      const all = [...new Set(keys.flat())]
      remember(yield* repository.byHashes(tx, all))
      const strangers = keys.filter((_, n) => !find(n)).flat()
      if (strangers.length > 0)
        for (const { formerHash, ...row } of yield* repository.byFormerHashes(tx, [...new Set(strangers)]))
          former.set(keyOf(row.instance, formerHash), row)
      const missing = new Map<string, AccountRow>()
      const makers = new Map<number, string>()
      wanted.forEach((one, n) => {
        if (find(n)) return
        const key = keyOf(one.instance, (keys[n] as string[])[0] as string)
        if (missing.has(key)) return
        const row = newAccount(one, now)
        missing.set(key, row)
        makers.set(n, row.id)
      })
      if (missing.size > 0) {
        const rows = [...missing.values()].sort((a, b) => (a.tokenHash < b.tokenHash ? -1 : 1))
        yield* repository.insert(tx, rows)
        // Another process may have been first with some of them.
        remember(yield* repository.byHashes(tx, all))
      }
      const ids: string[] = []
      const added = new Map<string, Pick<AccountRow, 'id' | 'tokenHash'> & Partial<AccountRow>>()
      for (const [n, { credentials }] of wanted.entries()) {
        const account = find(n)
        if (!account) throw new Error('an account that was just made is not there')
        // What comes beside a former token belongs to that one, such as a refresh token that is used up.
        const isCurrent = findIn(known, n) !== undefined
        const isMade = makers.get(n) === account.id
        const more = isCurrent && !isMade ? additions(account, credentials) : {}
        if (Object.keys(more).length > 0) {
          added.set(account.id, { ...added.get(account.id), ...more, id: account.id, tokenHash: account.tokenHash })
          Object.assign(account, more)
        }
        ids.push(account.id)
      }
      yield* repository.complete(tx, [...added.values()], new Date(now))
      return ids
    },
    /**
     * Gives an account other tokens (§7.8). Answers the account that has them now: another one of the instance, if that has the
     * access token. A token that an account had before changes nothing and means that account.
     */
    *replace(tx: Tx, accountId: string, given: CredentialsInput, now: number): Steps<string> {
      const account = yield* repository.lock(tx, accountId)
      if (!account) throw new Error('a task without an account')
      const hashes = hashesOf(given.accessToken)
      const other = yield* repository.holderOf(tx, account.instance, hashes)
      if (!other) {
        const had = (yield* repository.byFormerHashes(tx, hashes)).find(({ instance }) => instance === account.instance)
        if (had) return had.id
      }
      const target = other && other.id !== accountId ? other : account
      const stored = encrypt(target.id, given)
      if (!hashes.includes(target.tokenHash)) yield* repository.keepFormer(tx, target, new Date(now))
      yield* repository.change(tx, target.id, {
        tokenHash: hashes[0] as string,
        refreshToken: null,
        ...stored,
        tokenType: typeOf(given),
        expiresAt: dateOr(given.expiresAt),
        version: target.version + 1,
        refusal: null,
        updatedAt: new Date(now),
      })
      return target.id
    },
    /** What a lease holder gets; undefined without a token. @throws Error when it cannot be decrypted */
    view(account: AccountRow): CredentialsView | undefined {
      const secrets = decrypt(account)
      if (!secrets.accessToken) return undefined
      return {
        accessToken: secrets.accessToken,
        tokenType: account.tokenType,
        expiresAt: account.expiresAt?.toISOString(),
        refreshable: secrets.refreshToken !== undefined && clientOf(account.instance, secrets) !== undefined,
        version: account.version,
      }
    },
    clientOf,
    byIds: repository.byIds,
    get: repository.get,
  }
}
export type Credentials = ReturnType<typeof createCredentials>
