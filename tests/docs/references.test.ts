import { describe, expect, test } from 'bun:test'

/** Documents that source and tests refer to as `name §N`, and where each stands. */
const DOCUMENTS: Record<string, string> = {
  gifty: 'docs/contracts/gifty.md',
  'gitlab-crawler': 'docs/contracts/gitlab-crawler.md',
  'gitlab-worker': 'docs/contracts/gitlab-worker.md',
  stickers: 'docs/contracts/stickers.md',
  'love-parser': 'docs/contracts/love-parser.md',
  operations: 'docs/contracts/operations.md',
  architecture: 'docs/architecture.md',
}
/** Which document a bare `§N` of a file means. The first that fits counts. */
const HOME: [files: RegExp, name: string][] = [
  [/^(src|tests)\/workers\/gitlab\//, 'gitlab-worker'],
  [/^((src|tests)\/crawler\/|tests\/flows\/(crawler|gitlab))/, 'gitlab-crawler'],
  [/^((src|tests)\/stickers\/|tests\/flows\/sticker)/, 'stickers'],
  [/^((src|tests)\/love-parser\/|tests\/flows\/love-parser)/, 'love-parser'],
  [/^(src|tests)\/platform\/telegram\//, 'love-parser'],
  [/^((src|tests)\/(gifty|tasks)\/|tests\/flows\/gifty)/, 'gifty'],
]
const NAMES = Object.keys(DOCUMENTS).join('|')
const REFERENCE = new RegExp(`(?:\\b(${NAMES}|DESIGN)['’]?s? )?§+ ?(\\d+(?:\\.\\d+)*)`, 'g')
const CONTRACT = new RegExp(`\\b(${NAMES}) contract`)

/** Sections of a document: its numbered headings, and numbered points below one (`13.4` is point 4 of section 13). */
const sectionsOf = (text: string): Set<string> => {
  const sections = new Set<string>()
  let top = ''
  for (const line of text.split('\n')) {
    const heading = /^#{2,4} (\d+(?:\.\d+)*)\.? /.exec(line)?.[1]
    if (heading) {
      sections.add(heading)
      top = heading.split('.')[0] as string
    } else if (/^#{1,2} /.test(line)) top = ''
    const point = /^(\d+)\. /.exec(line)?.[1]
    if (point && top) sections.add(`${top}.${point}`)
  }
  return sections
}
const known = new Map<string, Set<string>>()
for (const [name, path] of Object.entries(DOCUMENTS)) known.set(name, sectionsOf(await Bun.file(path).text()))

export interface Reference {
  at: string
  name: string | undefined
  section: string
}
/** References of a text, in the order in which they stand; those to RFCs are none. */
const referencesOf = (file: string, text: string): Reference[] =>
  text.split('\n').flatMap((line, n) => {
    const home = CONTRACT.exec(line)?.[1] ?? HOME.find(([files]) => files.test(file))?.[1]
    let before: string | undefined
    return [...line.matchAll(REFERENCE)].flatMap((found) => {
      if (/RFC \d+ $/.test(line.slice(0, found.index))) return []
      // `love-parser §1, §6`: the second means the same document.
      const name =
        found[1] ?? (before !== undefined && /§[\d.]+(?:,? | and | to |-)$/.test(line.slice(0, found.index)) ? before : home)
      before = name
      return [{ at: `${file}:${n + 1}`, name, section: found[2] as string }]
    })
  })

describe('references to sections', () => {
  test('of source, tests, scripts and pages lead to a section that is there', async () => {
    const files = [
      // The bench installs its peers below tests.
      ...[...new Bun.Glob('{src,tests,scripts}/**/*.ts').scanSync('.')].filter((path) => !path.includes('node_modules')),
      ...new Bun.Glob('docs/**/*.md').scanSync('.'),
      ...['README.md', 'CHANGELOG.md', 'deploy/compose.yaml', 'deploy/prometheus/rules.yml'],
    ].map((file) => file.replaceAll('\\', '/'))
    const own = new Map(Object.entries(DOCUMENTS).map(([name, path]) => [path, name]))
    const found: Reference[] = []
    for (const file of files.sort()) {
      if (file === 'tests/docs/references.test.ts') continue
      const text = await Bun.file(file).text()
      const home = own.get(file)
      found.push(...referencesOf(file, text).map((reference) => ({ ...reference, name: reference.name ?? home })))
    }
    const lost = found.filter(({ name, section }) => !name || !known.get(name)?.has(section))
    expect(lost.map(({ at, name = 'no document', section }) => `${at} ${name} §${section}`)).toEqual([])
    expect(found.length).toBeGreaterThan(1500)
  })
  test('are read with their document, and sections with their points', () => {
    const read = (file: string, text: string) => referencesOf(file, text).map(({ name, section }) => `${name} §${section}`)
    expect(read('src/a.ts', '// gifty §2.7, §3; RFC 6455 §4.1; love-parser §10')).toEqual([
      'gifty §2.7',
      'gifty §3',
      'love-parser §10',
    ])
    expect(read('src/crawler/a.ts', '/** Merged (§9). */')).toEqual(['gitlab-crawler §9'])
    expect(read('src/a.ts', 'as the love-parser contract has it (§10)')).toEqual(['love-parser §10'])
    expect(read('src/a.ts', '§99')).toEqual(['undefined §99'])
    expect([...sectionsOf('## 1. One\n### 1.1 Sub\n1. a\n2. b\n## Agreed\n1. c\n')]).toEqual(['1', '1.1', '1.2'])
  })
})
