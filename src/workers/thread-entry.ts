/**
 * Address of a thread's code below `src/workers`, without its extension: beside this file, or, in a compiled Trawl, an entry of its own
 * inside (`scripts/build.ts`).
 */
export const threadEntry = (path: string): string => {
  const isCompiled = /\/(?:\$bunfs|~BUN)\//.test(import.meta.url)
  return new URL(isCompiled ? `./workers/${path}.js` : `./${path}.ts`, import.meta.url).href
}
