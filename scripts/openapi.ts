import { createApp } from '../src/app.ts'
import { loadConfig } from '../src/config.ts'
import { createPlatform } from '../src/platform/index.ts'
import { silentLog } from '../src/platform/log.ts'

export const OPENAPI_FILE = 'tests/api/openapi.json'

/** The OpenAPI document as `/docs/json` answers it, with a stable layout for the committed copy. */
export const renderOpenapi = async (): Promise<string> => {
  const platform = await createPlatform(loadConfig({ NODE_ENV: 'test', DATABASE_URL: 'sqlite::memory:' }), {
    log: silentLog,
    version: '0',
  })
  try {
    const response = await createApp(platform).app.handle(new Request('http://localhost/docs/json'))
    return `${JSON.stringify(await response.json(), null, 1)}\n`
  } finally {
    await platform.close()
  }
}

if (import.meta.main) {
  await Bun.write(OPENAPI_FILE, await renderOpenapi())
  console.log(`wrote ${OPENAPI_FILE}`)
}
