import { defineTables } from '../../platform/db/kit.ts'

/** Accounts of GitLab instances (gitlab-crawler §12, §15): one per instance and access token, everything secret encrypted. */
export const credentialsTables = defineTables((k) => {
  const accounts = k.table(
    'crawler_accounts',
    {
      id: k.text().primaryKey(),
      /** Host of the instance. */
      providerId: k.text().notNull(),
      /** Origin of the API's address. */
      instance: k.text().notNull(),
      /** Keyed hash of the access token. */
      tokenHash: k.text().notNull(),
      accessToken: k.text(),
      refreshToken: k.text(),
      clientId: k.text(),
      clientSecret: k.text(),
      tokenType: k.oneOf('oauth2', 'pat').notNull(),
      expiresAt: k.epoch(),
      version: k.int().notNull(),
      /** The process that refreshes, and until when others wait for it: one refresh at a time over all processes. */
      refreshOwner: k.text(),
      refreshUntil: k.epoch(),
      createdAt: k.epoch().notNull(),
      updatedAt: k.epoch().notNull(),
    },
    (t) => [k.unique('crawler_accounts_token_uq').on(t.tokenHash, t.instance)],
  )
  return { accounts }
})
