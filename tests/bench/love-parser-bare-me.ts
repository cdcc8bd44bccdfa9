// The app with one more route: what `/api/v1/auth/me` does, mounted without authentication.
// argv: user id.
import { createApp } from '../../src/app.ts'
import { configFromProcess } from '../../src/config.ts'
import { accountsRepository } from '../../src/love-parser/accounts/service.ts'
import { createPlatform } from '../../src/platform/index.ts'

const [userId = ''] = process.argv.slice(2)
const platform = await createPlatform(configFromProcess(), { version: 'bench' })
const trawl = createApp(platform)
const users = accountsRepository(platform.db)
const accounts = trawl.loveParser?.services.accounts
if (!accounts) throw new Error('love-parser is not mounted')
const token = { claims: {}, expiresAt: 0, hash: '' }
trawl.app.get('/bench/me', async () => {
  const user = await users.session(userId, '', null)
  if (!user) throw new Error('no such user')
  return accounts.me({ user, token })
})
trawl.app.listen({ port: 0, hostname: '127.0.0.1' })
process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${trawl.app.server?.port}` })}\n`)
process.on('SIGTERM', () => process.exit(0))
