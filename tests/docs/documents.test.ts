import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { VARIABLES } from '../../src/config.ts'
import { linksOf, parseDocument, readDocuments } from './markdown.ts'

const documents = await readDocuments()
const byPath = new Map(documents.map((document) => [document.path, document]))
const pages = documents.filter(({ path }) => !path.startsWith('docs/contracts/') && path !== 'CHANGELOG.md')
const textOf = (path: string) => byPath.get(path)?.text ?? ''

/** Languages in which a block is something that a reader runs, and those in which it is shown only. */
const COMMANDS = ['sh', 'js', 'ts', 'python', 'sql']
const SHOWN = ['text', 'json']
/** Blocks that no test runs are exceptions. */
const MOST_NOT_RUN = 12

describe('README', () => {
  test('is at most 150 lines, begins with the two commands and says that no licence has been chosen', () => {
    const { text, blocks } = byPath.get('README.md')!
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(150)
    expect(blocks[0]?.code).toMatch(/^bun dev .*\nbun run test .*\n$/)
    expect(blocks[0]?.line).toBeLessThan(6)
    expect(text).toContain('No licence has been chosen')
  })
})

describe('blocks', () => {
  const blocks = documents.flatMap((document) => document.blocks)
  test('name their language', () => {
    const odd = blocks.filter(({ language }) => ![...COMMANDS, ...SHOWN].includes(language))
    expect(odd.map(({ document, line, language }) => `${document}:${line} ${language || 'none'}`)).toEqual([])
  })
  const commands = blocks.filter(({ language }) => COMMANDS.includes(language))
  test('that are commands are examples with a name, or say why no test runs them', () => {
    expect(commands.filter(({ mark }) => !mark).map(({ document, line }) => `${document}:${line}`)).toEqual([])
    const notRun = commands.flatMap(({ mark }) => (mark && 'notRun' in mark ? [mark.notRun] : []))
    expect(notRun.length).toBeLessThanOrEqual(MOST_NOT_RUN)
    for (const reason of notRun) expect(reason.length).toBeGreaterThan(20)
    const names = commands.flatMap(({ mark }) => (mark && 'example' in mark ? [mark.example] : []))
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
  })
  test('cases ux 6: a script of several commands ends with the first that fails', () => {
    const scripts = commands.filter(({ language, mark }) => language === 'sh' && mark && 'example' in mark)
    expect(scripts.length).toBeGreaterThan(8)
    expect(
      scripts.filter(({ code }) => !code.startsWith('set -eu\n')).map(({ document, line }) => `${document}:${line}`),
    ).toEqual([])
  })
})

describe('links', () => {
  test('lead to files of the repository and headings of their documents', () => {
    const broken = documents.flatMap((document) =>
      linksOf(document)
        .filter(({ target, anchor }) => {
          if (!existsSync(target)) return true
          return anchor !== undefined && !byPath.get(target)?.anchors.has(anchor)
        })
        .map(({ target, anchor }) => `${document.path}: ${target}${anchor === undefined ? '' : `#${anchor}`}`),
    )
    expect(broken).toEqual([])
  })
  test('a link that leads nowhere is found', () => {
    const document = parseDocument(
      'docs/a.md',
      '# One, two\n[x](#one-two) [y](#three) [`z`](../src/none.ts) `[no](link)`\n```text\n[no](link)\n```\n',
    )
    expect(linksOf(document)).toEqual([
      { target: 'docs/a.md', anchor: 'one-two' },
      { target: 'docs/a.md', anchor: 'three' },
      { target: 'src/none.ts', anchor: undefined },
    ])
    expect([...document.anchors]).toEqual(['one-two'])
  })
  test('every page below docs is reached from the README', () => {
    const reached = new Set(['README.md'])
    for (const path of reached) for (const { target } of linksOf(byPath.get(path)!)) if (byPath.has(target)) reached.add(target)
    expect(documents.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([])
  })
})

describe('names in the documents', () => {
  const mentioned = (pattern: RegExp) =>
    pages.flatMap(({ path, text }) => [...text.matchAll(pattern)].map((found) => ({ path, name: found[1] as string })))

  test('of files exist', () => {
    const files = mentioned(/`((?:src|tests|scripts|docs|deploy|drizzle)\/[\w./-]*)`/g)
    expect(files.filter(({ name }) => !existsSync(name)).map(({ path, name }) => `${path}: ${name}`)).toEqual([])
    expect(files.length).toBeGreaterThan(100)
  })
  test('of variables are variables of the server, or of the tests', async () => {
    const known = new Set<string>(Object.keys(VARIABLES))
    for (const file of new Bun.Glob('{tests,scripts}/**/*.ts').scanSync('.'))
      for (const [, name] of (await Bun.file(file).text()).matchAll(/process\.env\.([A-Z_]+)/g)) known.add(name as string)
    const names = mentioned(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`/g)
    expect(names.filter(({ name }) => !known.has(name)).map(({ path, name }) => `${path}: ${name}`)).toEqual([])
  })
  test('every variable of the server is documented', () => {
    const rows = new Set([...textOf('docs/configuration.md').matchAll(/^\| `([A-Z_0-9]+)` \|/gm)].map(([, name]) => name))
    expect(Object.keys(VARIABLES).filter((name) => !rows.has(name))).toEqual([])
  })
  test('every alert has its part of the page, and every dependency its reason', async () => {
    const rules = await Bun.file('deploy/prometheus/rules.yml').text()
    const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name as string)
    const parts = [...textOf('docs/operations/alerts.md').matchAll(/^## (\w+)$/gm)].map(([, name]) => name as string)
    expect(parts).toEqual(alerts)
    const { dependencies, devDependencies } = await Bun.file('package.json').json()
    const rows = textOf('docs/development.md')
      .split('\n')
      .filter((line) => line.startsWith('| '))
    const named = new Set(rows.flatMap((row) => (row.split('|')[1] ?? '').split(',').map((name) => name.trim())))
    expect(Object.keys({ ...dependencies, ...devDependencies }).filter((name) => !named.has(name))).toEqual([])
  })
  test('the walks of the architecture name functions that stand in their files', async () => {
    const steps = [...textOf('docs/architecture.md').matchAll(/^\d+\. `(src\/[\w./-]+)`(?:: (.+))?$/gm)]
    expect(steps.length).toBeGreaterThan(100)
    const gone: string[] = []
    for (const [, file, names = ''] of steps) {
      const source = await Bun.file(file as string).text()
      for (const [, name] of names.matchAll(/`(\w+)`/g))
        if (!new RegExp(`\\b${name}\\b`).test(source)) gone.push(`${file}: ${name}`)
    }
    // After a change of names: bun scripts/walks.ts
    expect(gone).toEqual([])
  })
})
