import { and, eq, getTableColumns, inArray } from 'drizzle-orm'
import { type Db, inJsonList, param, q, type Steps, type Tx } from '../../platform/db/index.ts'
import { credentialsTables } from '../tables.ts'

export type AccountRow = ReturnType<typeof credentialsTables>['accounts']['$inferSelect']
/** An account with the hash of a token that it had before. */
export type FormerRow = AccountRow & { formerHash: string }

/** Queries of the accounts. */
export const credentialsRepository = (db: Db) => {
  const { accounts, formerTokens } = credentialsTables(db.kit)
  const byHash = db.prepare<AccountRow>('crawler_accounts_by_hash', (queries) =>
    queries
      .select()
      .from(accounts)
      .where(inJsonList(db, accounts.tokenHash, 'hashes')),
  )
  const byFormerHash = db.prepare<FormerRow>('crawler_accounts_by_former_hash', (queries) =>
    queries
      .select({ ...getTableColumns(accounts), formerHash: formerTokens.tokenHash })
      .from(formerTokens)
      .innerJoin(accounts, eq(accounts.id, formerTokens.accountId))
      .where(inJsonList(db, formerTokens.tokenHash, 'hashes')),
  )
  const byId = db.prepare<AccountRow>('crawler_accounts_by_id', (queries) =>
    queries
      .select()
      .from(accounts)
      .where(inJsonList(db, accounts.id, 'ids')),
  )
  const lockOne = db.prepare<AccountRow>('crawler_account_lock', (queries) =>
    db.forUpdate(
      queries
        .select()
        .from(accounts)
        .where(eq(accounts.id, param('id'))),
    ),
  )
  const ADDED = ['refresh_token', 'client_id', 'client_secret', 'token_type', 'expires_at']
  const complete = db.batch<{ id: string }>(
    'crawler_accounts_complete',
    [
      { name: 'id', type: 'text' },
      { name: 'token_hash', type: 'text' },
      ...ADDED.map((name) => ({ name, type: name === 'expires_at' ? ('bigint' as const) : ('text' as const) })),
      { name: 'updated_at', type: 'bigint' },
    ],
    (source) => `update crawler_accounts
      set ${ADDED.map((name) => `${name} = coalesce(s.${name}, crawler_accounts.${name})`).join(', ')}, updated_at = s.updated_at
      from ${source} s where crawler_accounts.id = s.id and crawler_accounts.token_hash = s.token_hash returning crawler_accounts.id`,
  )
  return {
    *byHashes(tx: Tx, hashes: string[]): Steps<AccountRow[]> {
      return yield* tx.run(byHash, { hashes: JSON.stringify(hashes) })
    },
    /** Accounts that had these tokens before. To be asked after `byHashes`: a token becomes a former one in between, never the reverse. */
    *byFormerHashes(tx: Tx, hashes: string[]): Steps<FormerRow[]> {
      return yield* tx.run(byFormerHash, { hashes: JSON.stringify(hashes) })
    },
    /** Notes that an account has had its token until now. */
    *keepFormer(tx: Tx, { id, tokenHash, instance }: AccountRow, now: Date): Steps<void> {
      yield* q(
        tx
          .insert(formerTokens)
          .values({ tokenHash, instance, accountId: id, createdAt: now })
          .onConflictDoUpdate({ target: [formerTokens.tokenHash, formerTokens.instance], set: { accountId: id } })
          .returning({ accountId: formerTokens.accountId }),
      )
    },
    *byIds(tx: Tx, ids: string[]): Steps<AccountRow[]> {
      return yield* tx.run(byId, { ids: JSON.stringify(ids) })
    },
    get: async (id: string): Promise<AccountRow | undefined> => (await byId.all({ ids: JSON.stringify([id]) }))[0],
    *lock(tx: Tx, id: string): Steps<AccountRow | undefined> {
      return (yield* tx.run(lockOne, { id }))[0]
    },
    /** Inserts the accounts whose token no stored account has; answers the ids of the inserted ones. */
    *insert(tx: Tx, rows: AccountRow[]): Steps<Set<string>> {
      if (rows.length === 0) return new Set()
      const inserted = yield* q(tx.insert(accounts).values(rows).onConflictDoNothing().returning({ id: accounts.id }))
      return new Set(inserted.map((row) => row.id))
    },
    *change(tx: Tx, id: string, changed: Partial<AccountRow>): Steps<void> {
      yield* q(tx.update(accounts).set(changed).where(eq(accounts.id, id)).returning({ id: accounts.id }))
    },
    /** Sets the present properties of accounts, unless they have another token meanwhile; a secret that is absent stays as it is. */
    *complete(tx: Tx, rows: (Pick<AccountRow, 'id' | 'tokenHash'> & Partial<AccountRow>)[], now: Date): Steps<void> {
      yield* tx.batch(
        complete,
        rows.map((row) => [
          row.id,
          row.tokenHash,
          row.refreshToken,
          row.clientId,
          row.clientSecret,
          row.tokenType,
          row.expiresAt,
          now,
        ]),
      )
    },
    /** The other account of an instance that has one of these tokens. */
    *holderOf(tx: Tx, instance: string, hashes: string[]): Steps<AccountRow | undefined> {
      const rows = yield* q(
        tx
          .select()
          .from(accounts)
          .where(and(inArray(accounts.tokenHash, hashes), eq(accounts.instance, instance))),
      )
      return rows[0]
    },
  }
}
export type CredentialsRepository = ReturnType<typeof credentialsRepository>
