import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CLIENT_TYPES_FILE, provideCompilerApi, renderClientTypes } from '../../scripts/client.ts'
import { OPENAPI_FILE } from '../../scripts/openapi.ts'

/** What a foreign project may do with the generated functions, and what it may not. */
const USER = `import { client } from './made/client.gen'
import { getInternalSources, postApiInternal2TasksLease, postInternalIngestBatch, postInternalWorkersLease } from './made/sdk.gen'
client.setConfig({ baseUrl: 'http://localhost:3000', headers: { 'X-Internal-Token': 'dev-internal-token' } })
export const calls = async () => {
  const { data } = await getInternalSources({ query: { limit: 10 } })
  const url: string | undefined = data?.[0]?.url
  await postInternalIngestBatch({
    body: { source_id: 1, items: [{ title: 'Tea', product_url: 'https://tea.example/p/1', site_key: 'tea', price: '1 499,50' }] },
  })
  const leased = await postInternalWorkersLease({ body: { worker_id: 'w' } })
  for (const task of leased.data?.tasks ?? []) if (task.kind === 'scoring') task.payload.content_hash.length
  const crawled = await postApiInternal2TasksLease({ body: { workerId: 'w' } })
  const token: string | undefined = crawled.data?.data[0]?.credentials.accessToken
  return [url, token]
}
export const refused = async () => {
  // @ts-expect-error the worker's name is needed
  await postInternalWorkersLease({ body: {} })
  // @ts-expect-error a limit is a number
  await getInternalSources({ query: { limit: 'ten' } })
}
`
const CONFIG = {
  compilerOptions: {
    target: 'ESNext',
    module: 'Preserve',
    moduleResolution: 'bundler',
    lib: ['ESNext', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable'],
    types: [],
    strict: true,
    noEmit: true,
  },
  include: ['**/*.ts'],
}

describe('generators of clients', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'trawl-generated-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('openapi-typescript: the committed types of trawl/client are those of the document', async () => {
    expect(await Bun.file(CLIENT_TYPES_FILE).text()).toBe(await renderClientTypes())
  })

  test('hey-api: what it makes of the document compiles, with calls that are allowed and calls that are not', async () => {
    provideCompilerApi()
    const { createClient } = await import('@hey-api/openapi-ts')
    await createClient({
      input: OPENAPI_FILE,
      output: join(folder, 'made'),
      plugins: ['@hey-api/typescript', '@hey-api/client-fetch', '@hey-api/sdk'],
      logs: { level: 'silent', file: false },
    })
    await Bun.write(join(folder, 'user.ts'), USER)
    await Bun.write(join(folder, 'tsconfig.json'), JSON.stringify(CONFIG))
    const compiled = Bun.spawnSync([process.execPath, 'x', '--bun', 'tsc', '-p', folder], { stdio: ['ignore', 'pipe', 'pipe'] })
    expect(compiled.stdout.toString() + compiled.stderr.toString()).toBe('')
    expect(compiled.exitCode).toBe(0)
  }, 300_000)
})
