import { dirname, join, normalize, relative } from 'node:path'

const FAMILIES = ['gifty', 'love-parser', 'crawler', 'stickers', 'ops']
/** What a layer may import besides itself (architecture §1: arrows go one way). Files of `src` itself are `app`, which may import all. */
const MAY_IMPORT: Record<string, string[]> = {
  errors: [],
  config: [],
  platform: ['errors', 'config'],
  tasks: ['platform', 'errors'],
  access: ['platform', 'errors'],
  module: ['access', 'tasks', 'platform', 'errors', 'config'],
  ...Object.fromEntries(FAMILIES.map((family) => [family, ['module', 'access', 'tasks', 'platform', 'errors', 'config']])),
  client: [],
  workers: ['platform', 'errors'],
  // Of the server the command line knows only that it runs.
  cli: ['workers', 'platform', 'config', 'errors', 'bun-version', 'serve'],
  'bun-version': [],
  serve: ['app', 'platform', 'errors', 'config'],
}
/** What puts a family together hands its repositories to their domains. */
const COMPOSES = /^src\/[^/]+\/index\.ts$/
const LEAVES = ['errors.ts', 'config.ts', 'module.ts', 'bun-version.ts', 'serve.ts']
/** Where the database's dialect may be named. */
const DIALECT = /\bbun:sqlite\b|from 'postgres'|drizzle-orm\/(?:bun-sqlite|postgres-js|pg-core|sqlite-core)/

const layerOf = (file: string): string => {
  const path = relative('src', file)
  const [first] = path.split('/')
  if (LEAVES.includes(path)) return path.replace('.ts', '')
  return path.includes('/') ? (first as string) : 'app'
}
const IMPORT = /^\s*(?:import|export)\s+(type\s)?[^'"]*?from\s+'([^']+)'|import\('([^']+)'\)|^\s*import\s+'([^']+)'/gm

interface Edge {
  from: string
  to: string
  typeOnly: boolean
}

/** Every rule of the house that imports can break; answers the problems in words. */
export const layeringProblems = async (): Promise<string[]> => {
  const problems: string[] = []
  const edges: Edge[] = []
  const takenTables: { tables: string; by: string }[] = []
  const files = [...new Bun.Glob('src/**/*.ts').scanSync('.')]
    .map(normalize)
    .filter((file) => !file.endsWith('.d.ts'))
    .sort()
  for (const file of files) {
    const text = await Bun.file(file).text()
    if (file !== 'src/config.ts' && /\bprocess\.env\b|\bBun\.env\b/.test(text))
      problems.push(`${file} reads the environment: only src/config.ts may`)
    if (!file.startsWith('src/platform/db/') && DIALECT.test(text))
      problems.push(`${file} knows a database dialect: only src/platform/db may`)
    for (const [matched, typeOnly, from, lazy, bare] of text.matchAll(IMPORT)) {
      const target = from ?? lazy ?? bare ?? ''
      if (target.endsWith('../tables.ts') && !file.endsWith('/tables.ts'))
        for (const [name] of matched.matchAll(/\w+Tables\b/g))
          takenTables.push({ tables: `${name} of ${normalize(join(dirname(file), target))}`, by: file })
      if (target.startsWith('.') && target.endsWith('.ts'))
        edges.push({ from: file, to: normalize(join(dirname(file), target)), typeOnly: typeOnly !== undefined })
    }
  }
  for (const { from, to, typeOnly } of edges) {
    const layer = layerOf(from)
    const target = layerOf(to)
    if (layer !== 'app' && layer !== target && !MAY_IMPORT[layer]?.includes(target))
      problems.push(`${from} (${layer}) must not import ${to} (${target})`)
    // A table may point to another domain's rows (a foreign key); queries of them stay with their domain.
    const isNear = from.startsWith(`${dirname(to)}/`)
    if (to.endsWith('/tables.ts') && !isNear && from !== 'src/schema.ts' && !from.endsWith('/tables.ts'))
      problems.push(`${from} reaches into the tables of another domain: ${to}`)
    if (
      to.endsWith('/repository.ts') &&
      !typeOnly &&
      dirname(from) !== dirname(to) &&
      !from.endsWith('/services.ts') &&
      !COMPOSES.test(from)
    )
      problems.push(`${from} uses another domain's repository: ${to}`)
  }
  // Where the tables of a family stand in one file, those of a domain are taken by one folder.
  for (const [tables, takers] of Map.groupBy(takenTables, ({ tables }) => tables)) {
    // `src/FAMILY/DOMAIN`: a folder in a domain's folder is a part of it.
    const domains = new Set(takers.map(({ by }) => dirname(by).split('/').slice(0, 3).join('/')))
    if (domains.size > 1) problems.push(`${tables} is queried by several domains: ${[...domains].join(', ')}`)
  }
  return [...problems, ...cycles(edges.filter((edge) => !edge.typeOnly))]
}

const cycles = (edges: Edge[]): string[] => {
  const next = Map.groupBy(edges, (edge) => edge.from)
  const done = new Set<string>()
  const found: string[] = []
  const visit = (file: string, path: string[]) => {
    const at = path.indexOf(file)
    if (at >= 0) {
      found.push(`import cycle: ${[...path.slice(at), file].join(' -> ')}`)
      return
    }
    if (done.has(file)) return
    for (const { to } of next.get(file) ?? []) visit(to, [...path, file])
    done.add(file)
  }
  for (const file of next.keys()) visit(file, [])
  return found
}
