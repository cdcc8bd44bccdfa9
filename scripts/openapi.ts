import { createApp } from '../src/app.ts'
import { loadConfig } from '../src/config.ts'
import { createPlatform } from '../src/platform/index.ts'
import { silentLog } from '../src/platform/log.ts'

export const OPENAPI_FILE = 'tests/api/openapi.json'
export const ASYNCAPI_FILE = 'docs/asyncapi.json'

/** The documents that an app with all families serves, each with a stable layout for its committed copy. */
export const documentsOfApp = async (): Promise<{ openapi: string; asyncapi: string }> => {
  const platform = await createPlatform(loadConfig({ NODE_ENV: 'test', DATABASE_URL: 'sqlite::memory:' }), {
    log: silentLog,
    version: '0',
  })
  try {
    const { app } = createApp(platform)
    const textOf = async (path: string) => {
      const response = await app.handle(new Request(`http://localhost${path}`))
      return `${JSON.stringify(await response.json(), null, 1)}\n`
    }
    return { openapi: await textOf('/docs/json'), asyncapi: await textOf('/docs/asyncapi.json') }
  } finally {
    await platform.close()
  }
}
if (import.meta.main) {
  const { openapi, asyncapi } = await documentsOfApp()
  await Bun.write(OPENAPI_FILE, openapi)
  await Bun.write(ASYNCAPI_FILE, asyncapi)
  console.log(`wrote ${OPENAPI_FILE} and ${ASYNCAPI_FILE}`)
}
