import { plugin } from 'bun'
import type * as Generator from 'openapi-typescript'
import { OPENAPI_FILE } from './openapi.ts'

export const CLIENT_TYPES_FILE = 'src/client/schema.d.ts'

/**
 * Generators write TypeScript with the compiler's API, which TypeScript 7 does not have: in this process `typescript` is the last release
 * that does. To be called before a generator is loaded.
 */
export const provideCompilerApi = (): void =>
  plugin({
    name: 'compiler API',
    setup: (build) => {
      build.module('typescript', async () => {
        const compiler = await import('typescript-api')
        return { exports: { ...compiler, default: compiler.default ?? compiler }, loader: 'object' }
      })
    },
  })

const HEAD = `// Made of the API document by bun run openapi. Not to be edited.
`

/** The types of the typed client, made of the committed API document. */
export const renderClientTypes = async (): Promise<string> => {
  provideCompilerApi()
  const { default: generate, astToString }: typeof Generator = await import('openapi-typescript')
  // A field with a default may be left out of a request.
  const made = await generate(await Bun.file(OPENAPI_FILE).json(), { defaultNonNullable: false })
  return `${HEAD}${astToString(made)}`
}

if (import.meta.main) {
  await Bun.write(CLIENT_TYPES_FILE, await renderClientTypes())
  console.log(`wrote ${CLIENT_TYPES_FILE}`)
}
