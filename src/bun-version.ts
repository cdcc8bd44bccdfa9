/** The oldest Bun that the server runs on. In an older one it fails anywhere, with errors that say nothing about it. */
const NEEDED = '1.4.5'

/** What a user of another Bun is answered, undefined for one that is new enough. */
export const refusalOf = (version: string): string | undefined => {
  if (Bun.semver.order(version, NEEDED) >= 0) return undefined
  return `Trawl needs Bun ${NEEDED} or newer, this is ${version}: run it with \`npx -y bun@${NEEDED}\`, or \`bun upgrade\``
}

// The first import of every entry, so that nothing else is evaluated before.
const refusal = refusalOf(Bun.version)
if (refusal) {
  process.stderr.write(`${refusal}\n`)
  process.exit(1)
}
