import type { FAMILIES } from './kinds.ts'

type Family = (typeof FAMILIES)[number]

/** The secrets of the configuration, and the settings that decide whether they are needed. */
export interface SecretSettings {
  production: boolean
  internalToken?: string
  dashboardJwtSecret?: string
  jwtSecret?: string
  encryptionKeys?: unknown
  telegramBotToken?: string
  weeekWorkspaceId?: unknown
  telegramMode: string
  telegramApiId?: number
  telegramApiHash?: string
  telegramSession?: string
}
export interface Requirement {
  /** Its variable. */
  name: string
  /** What cannot be served without it. */
  why: string
  value(settings: SecretSettings): unknown
  /** Left out: needed always. */
  when?(settings: SecretSettings): boolean
}

const encryptionKeys = (why: string) => ({
  name: 'ENCRYPTION_KEYS',
  why,
  value: (settings: SecretSettings) => settings.encryptionKeys,
})
const searches = { why: 'the account that searches', when: (settings: SecretSettings) => settings.telegramMode !== 'sandbox' }

/**
 * The secrets without which a mounted family cannot serve, in the order in which a refused start names them. The start, the modules,
 * `/readyz` and docs/configuration.md read this table. Outside production, development values and a key file replace them.
 */
export const REQUIRED_SECRETS = {
  gifty: [
    { name: 'INTERNAL_API_TOKEN', why: 'the token of workers and services', value: (settings) => settings.internalToken },
    {
      name: 'DASHBOARD_JWT_SECRET',
      why: 'the dashboard login, where TELEGRAM_BOT_TOKEN is set',
      value: (settings) => settings.dashboardJwtSecret,
      when: (settings) => settings.telegramBotToken !== undefined,
    },
    {
      ...encryptionKeys('stored Weeek tokens, where WEEEK_WORKSPACE_ID is set'),
      when: (settings) => settings.weeekWorkspaceId !== undefined,
    },
  ],
  crawler: [encryptionKeys('stored credentials of GitLab accounts')],
  stickers: [],
  'love-parser': [
    { name: 'JWT_SECRET', why: 'the sessions of users', value: (settings) => settings.jwtSecret },
    encryptionKeys('stored Telegram sessions'),
    { name: 'TELEGRAM_API_ID', value: (settings) => settings.telegramApiId, ...searches },
    { name: 'TELEGRAM_API_HASH', value: (settings) => settings.telegramApiHash, ...searches },
    { name: 'TELEGRAM_SESSION', value: (settings) => settings.telegramSession, ...searches },
  ],
} satisfies Record<Family, readonly Requirement[]>

/** The variables of these secrets that are needed and not set; outside production none is missing. */
export const missingSecrets = (required: readonly Requirement[], settings: SecretSettings): string[] => {
  if (!settings.production) return []
  const missing = required.filter(({ value, when }) => (when?.(settings) ?? true) && value(settings) === undefined)
  return [...new Set(missing.map(({ name }) => name))]
}
