import { posix } from 'node:path'

/** A fenced block of a document. */
export interface Block {
  document: string
  /** Line of its opening fence, 1-based. */
  line: number
  language: string
  code: string
  /** The comment above it: the name of an example that a test runs, or why none runs it. */
  mark: { example: string } | { notRun: string } | undefined
}
export interface Document {
  path: string
  text: string
  /** The text without fenced blocks and comments; code spans are one word. */
  prose: string
  blocks: Block[]
  /** Names that a link may have behind `#`. */
  anchors: Set<string>
}

const MARK = /^<!-- (?:example: ([\w.-]+)|not run: (.+?)) -->$/

/** The name of a heading in a link, as GitHub makes it. */
const slugOf = (heading: string): string =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[`*]/g, '')
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-')

export const parseDocument = (path: string, text: string): Document => {
  const blocks: Block[] = []
  const prose: string[] = []
  const anchors = new Map<string, number>()
  let open: { fence: string; block: Block } | undefined
  let mark: Block['mark']
  text.split('\n').forEach((line, at) => {
    if (open) {
      if (line.trim() === open.fence) open = undefined
      else open.block.code += `${line}\n`
      return
    }
    const fence = /^\s*(`{3,})(\S*)\s*$/.exec(line)
    if (fence) {
      const block = { document: path, line: at + 1, language: fence[2] as string, code: '', mark }
      blocks.push(block)
      open = { fence: fence[1] as string, block }
      mark = undefined
      return
    }
    const found = MARK.exec(line)
    mark = found ? (found[1] ? { example: found[1] } : { notRun: found[2] as string }) : undefined
    const heading = /^#{1,6}\s+(.+)$/.exec(line)?.[1]
    if (heading) {
      const slug = slugOf(heading)
      const before = anchors.get(slug) ?? 0
      anchors.set(slug, before + 1)
      if (before > 0) anchors.set(`${slug}-${before}`, 1)
    }
    if (!line.startsWith('<!--')) prose.push(line.replace(/`[^`]*`/g, 'code'))
  })
  if (open) throw new Error(`${path}: a block is not closed`)
  return { path, text, prose: prose.join('\n'), blocks, anchors: new Set(anchors.keys()) }
}

/** README, the other pages at the top, and everything below docs. */
export const readDocuments = async (): Promise<Document[]> => {
  const below = [...new Bun.Glob('docs/**/*.md').scanSync('.')].map((path) => path.replaceAll('\\', '/')).sort()
  const paths = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', ...below]
  return Promise.all(paths.map(async (path) => parseDocument(path, await Bun.file(path).text())))
}

/** Links of a document that do not leave the repository, as paths from its root. */
export const linksOf = ({ path, prose }: Document): { target: string; anchor: string | undefined }[] =>
  [...prose.matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)]
    .map(([, link]) => link as string)
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [file, anchor] = link.split('#') as [string, string | undefined]
      return { target: file === '' ? path : posix.normalize(posix.join(posix.dirname(path), file)), anchor }
    })
