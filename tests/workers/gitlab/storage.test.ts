import { afterEach, describe, expect, test } from 'bun:test'
import { statSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import { XMLParser } from 'fast-xml-parser'
import { COLUMNS } from '../../../src/workers/gitlab/plan/types.ts'
import { directoryName } from '../../../src/workers/gitlab/storage.ts'
import { GOOD_TOKEN } from '../../support/gitlab-double.ts'
import { createRig, type Rig } from './rig.ts'

let rig: Rig
afterEach(() => rig.stop())
const PROJECT = { resourceId: 'acme/tools' }

/** RFC 4180, as a reader would. */
const parseCsv = (text: string): string[][] => {
  const rows: string[][] = []
  let row: string[] = []
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    row.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'))
    if (end === ',') continue
    rows.push(row)
    row = []
  }
  return rows
}
const partOf = (id: string, extension: string) =>
  Object.entries(rig.files()).find(([path]) => path.includes(`/${id}/`) && path.endsWith(extension))?.[1] as string
const text = (value: unknown) =>
  value === undefined || value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value)

describe('GitLab worker: storage', () => {
  test('gitlab-worker §7: the directory names host, resource, type, task and run; files are 0600, directories 0700', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_TAGS', PROJECT, { id: 'a/b ü' })
    await rig.finish(id)
    const host = new URL(rig.gitlab.origin).host.replace(':', '%3A')
    const paths = Object.keys(rig.files()).map((path) => relative(rig.output, path))
    const directory = `${host}/acme%2Ftools/FETCH_TAGS/a%2Fb%20%C3%BC/run-1`
    expect(paths.sort()).toEqual([`${directory}/manifest.json`, `${directory}/part-1.jsonl`])
    for (const path of Object.keys(rig.files())) {
      expect(statSync(path).mode & 0o777).toBe(0o600)
      expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
    }
    expect(rig.api.of(id).at(-1)?.body.metadata.output).toBe(`${directory}/manifest.json`)
  })

  test('gitlab-worker §7: the manifest says what the contract lists', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_TAGS', PROJECT)
    await rig.finish(id)
    expect(rig.manifest(id)).toEqual({
      taskId: id,
      type: 'FETCH_TAGS',
      run: 1,
      resourceId: 'acme/tools',
      resourceType: 'project',
      host: new URL(rig.gitlab.origin).host,
      format: 'json',
      startedAt: '2026-01-15T12:00:00.000Z',
      completedAt: expect.stringMatching(/^2026-01-15T12:00:0\d\.\d{3}Z$/),
      items: 45,
      itemsByType: { tags: 45 },
      parts: [{ file: 'part-1.jsonl', bytes: Buffer.byteLength(partOf(id, '.jsonl')), items: 45 }],
      truncated: false,
      warnings: [],
    })
  })

  test('gitlab-worker §9.17: the token is in no file, log line, message or metadata; runners_token in no file', async () => {
    rig = await createRig()
    const issues = rig.gitlab.data.issues.get(101) as any[]
    issues[3].description = `somebody pasted ${GOOD_TOKEN} here`
    rig.gitlab.on = ({ number }) =>
      number === 2 ? Response.json({ message: `bad token ${GOOD_TOKEN}` }, { status: 502 }) : undefined
    const ids = [
      rig.task('FETCH_ISSUES', PROJECT).id,
      rig.task('DISCOVER_AREAS').id,
      rig.task('FETCH_PROJECT_DETAILS', PROJECT).id,
      rig.task('FETCH_ISSUES', { resourceId: `acme/${GOOD_TOKEN}` }).id,
    ]
    for (const id of ids) await rig.finish(id)
    const files = Object.entries(rig.files())
    expect(files.length).toBeGreaterThan(6)
    // The directory of a resource is named by its id, which is the caller's and no secret of ours.
    const lines = [
      ...files.map(([, content]) => content),
      ...rig.log,
      JSON.stringify(
        rig.api.reports.map(({ body }) => ({
          ...body,
          resumeState: null,
          metadata: { ...body.metadata, output: null, warnings: body.metadata?.warnings },
        })),
      ),
    ]
    const ours = lines.filter((line) => !line.includes(`acme/${GOOD_TOKEN}`))
    expect(ours.filter((line) => line.includes(GOOD_TOKEN))).toEqual([])
    expect(files.filter(([, content]) => content.includes('runners_token'))).toEqual([])
    expect(rig.items(ids[2] as string)[0].import_url).toBe('https://mirror.test/x.git')
  })

  test('gitlab-worker §9.18: the resource ../../etc is stored below the root', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', { resourceId: '../../etc' }, { id: '../x' })
    expect((await rig.finish(id)).status).toBe('completed')
    const [path] = Object.keys(rig.files())
    expect(relative(rig.output, path as string)).toMatch(
      /^127\.0\.0\.1%3A\d+\/\.\.%2F\.\.%2Fetc\/FETCH_ISSUES\/\.\.%2Fx\/run-1\/manifest\.json$/,
    )
    expect(rig.gitlab.calls[0]?.path).toBe('/api/v4/projects/..%2F..%2Fetc/issues')
  })

  test('gitlab-worker §7: a long name is cut and made unique by its hash', async () => {
    rig = await createRig()
    const [a, b] = [directoryName(`${'é'.repeat(300)}a`), directoryName(`${'é'.repeat(300)}b`)]
    expect(a).not.toBe(b)
    expect(Buffer.byteLength(a)).toBeLessThanOrEqual(200)
    expect(a).toMatch(/^(%C3%A9)+(%C3)?-[0-9a-f]{16}$/)
    expect([directoryName('.'), directoryName('..'), directoryName('...'), directoryName('a\0b')]).toEqual([
      '%2E',
      '%2E%2E',
      '...',
      'a%00b',
    ])
  })

  test('gitlab-worker §9.19: csv parses, has the columns of §5, and every text survives', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', { ...PROJECT, outputFormat: 'csv' })
    await rig.finish(id)
    const [head, ...rows] = parseCsv(partOf(id, '.csv'))
    expect(head).toEqual([...COLUMNS.issue])
    const issues = rig.gitlab.data.issues.get(101) as any[]
    expect(rows).toHaveLength(250)
    const guarded = (value: string) => (/^[=+\-@]/.test(value) && Number.isNaN(Number(value)) ? `'${value}` : value)
    expect(rows).toEqual(issues.map((issue) => COLUMNS.issue.map((name) => guarded(text(issue[name])))))
    expect(rows.filter((row) => row[4]?.startsWith("'=HYPERLINK"))).not.toEqual([])
  })

  test('gitlab-worker §9.19: xml parses line by line, has the columns of §5, and every text survives', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', { ...PROJECT, outputFormat: 'xml' })
    const issues = rig.gitlab.data.issues.get(101) as any[]
    issues[0].title = 'a \u0000\u000b control'
    await rig.finish(id)
    const parser = new XMLParser({ parseTagValue: false, trimValues: false, htmlEntities: true })
    const rows = partOf(id, '.xml')
      .trimEnd()
      .split('\n')
      .map((line) => parser.parse(line).item)
    expect(rows).toHaveLength(250)
    expect(Object.keys(rows[0])).toEqual([...COLUMNS.issue])
    expect(rows[0].title).toBe('a \ufffd\ufffd control')
    for (const [index, issue] of issues.entries()) expect(rows[index].description).toBe(issue.description)
    expect(JSON.parse(rows[0].labels)).toEqual(issues[0].labels)
  })

  test('gitlab-worker §7: includeMetadata wraps json lines and adds columns to csv and xml', async () => {
    rig = await createRig()
    const options = { ...PROJECT, includeMetadata: true }
    const [json, csv] = [rig.task('FETCH_TAGS', options).id, rig.task('FETCH_TAGS', { ...options, outputFormat: 'csv' }).id]
    const areas = rig.task('DISCOVER_AREAS', { ...options, resourceType: 'project', outputFormat: 'csv' }).id
    for (const id of [json, csv, areas]) await rig.finish(id)
    expect(rig.items(json)[0]).toEqual({
      item: rig.gitlab.data.tags[0],
      meta: {
        taskId: json,
        type: 'FETCH_TAGS',
        resourceId: 'acme/tools',
        fetchedAt: expect.stringMatching(/Z$/),
        source: '/api/v4/projects/acme%2Ftools/repository/tags?order_by=name&sort=asc&page=1&per_page=100',
      },
    })
    const [head, first] = parseCsv(partOf(csv, '.csv'))
    expect(head).toEqual([...COLUMNS.tag, 'taskId', 'type', 'resourceId', 'fetchedAt', 'source'])
    expect(first?.slice(-5, -2)).toEqual([csv, 'FETCH_TAGS', 'acme/tools'])
    const [names, row] = parseCsv(partOf(areas, '.csv'))
    expect(names?.slice(0, 8)).toEqual([...COLUMNS.area, 'taskId'])
    expect(row?.slice(0, 5)).toEqual(['project', '101', 'Project tools', 'acme/tools', 'acme'])
  })

  test('gitlab-worker §3.3: a disk that fails is STORAGE_FAILED, retryable, and the page is not counted', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    let writes = 0
    const disk = {
      ...rig.disk,
      write: async (path: string, position: number, bytes: Uint8Array) => {
        if (path.includes('part-') && ++writes === 2) {
          await rig.disk.write(path, position, bytes.subarray(0, 1000))
          throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
        }
        return rig.disk.write(path, position, bytes)
      },
    }
    await rig.start({ disk })
    expect(await rig.finish(id)).toMatchObject({ status: 'completed', attempts: 2 })
    const failed = rig.api.of(id).find(({ body }) => body.type === 'failed')?.body
    expect(failed).toMatchObject({
      error: { code: 'STORAGE_FAILED', retryable: true },
      resumeState: { page: 1, itemsByType: { issues: 100 } },
    })
    expect(rig.items(id)).toEqual(rig.gitlab.data.issues.get(101) as any[])
  })

  /** The list of tags, written as it stands. */
  const serveTags = (body: BodyInit) => {
    rig.gitlab.on = ({ path }) => (path.endsWith('/tags') ? new Response(body) : undefined)
  }
  const DIGITS = ['12345678901234567890', '1.10', '1e3', '-0', '1E+2', '0.1e-7', '-1.0', '1e400', '123456789012345678901.50']

  test('crawler D3: numbers are written digit for digit as received', async () => {
    rig = await createRig()
    const line = (n: number) =>
      `{"name":"v${n}","weight":${DIGITS[n]},"nested":{"all":[${DIGITS.join(',')}],"text":"[1.10, -0"},"plain":[0,-5,17,0.5,true,null]}`
    const lines = DIGITS.map((_, n) => line(n))
    serveTags(`[${lines.join(',\n')}]`)
    const { id } = rig.task('FETCH_TAGS', PROJECT)
    await rig.finish(id)
    expect(rig.lines(id)).toEqual(lines)
    expect(rig.manifest(id).warnings).toEqual([])

    const withMeta = rig.task('FETCH_TAGS', { ...PROJECT, includeMetadata: true }).id
    await rig.finish(withMeta)
    expect(rig.lines(withMeta)[0]).toStartWith(`{"item":${lines[0]},"meta":{`)
  })

  test('crawler D3: whatever the keys are called', async () => {
    rig = await createRig()
    const lines = ['{"name":"a","__proto__":{"x":1.10},"constructor":1}', '{"name":"b","__proto__":{"x":1}}']
    for (const line of lines) {
      serveTags(`[${line}]`)
      const { id } = rig.task('FETCH_TAGS', PROJECT)
      await rig.finish(id)
      expect(rig.lines(id)).toEqual([line])
    }
  })

  test('crawler D3: csv and xml as well, and with blanks around the numbers', async () => {
    rig = await createRig()
    serveTags(
      DIGITS.map((digits, n) => `{"name" : "v${n}", "target" :\n ${digits} , "commit" : { "n" : [ ${digits} ] } }`)
        .join(',')
        .replace(/^.*$/s, '[$&]'),
    )
    const csv = rig.task('FETCH_TAGS', { ...PROJECT, outputFormat: 'csv' }).id
    const xml = rig.task('FETCH_TAGS', { ...PROJECT, outputFormat: 'xml' }).id
    await rig.finish(csv)
    await rig.finish(xml)
    const rows = parseCsv(partOf(csv, '.csv')).slice(1)
    const { tag } = COLUMNS
    expect(rows.map((row) => row[tag.indexOf('target')])).toEqual(DIGITS)
    expect(rows.map((row) => row[tag.indexOf('commit')])).toEqual(DIGITS.map((digits) => `{"n":[${digits}]}`))
    for (const digits of DIGITS) expect(partOf(xml, '.xml')).toContain(`<target>${digits}</target>`)
  })

  test('crawler D3: an id that no number holds identifies its item, and a list of such numbers is no list of items', async () => {
    rig = await createRig()
    const jobs = [3, 2, 1].map((n) => `{"id":1234567890123456789${n},"name":"j${n}"}`)
    rig.gitlab.on = ({ query, path }) =>
      new Response(`[${query.has('id_before') ? jobs.slice(1) : jobs.slice(0, 2)}]`, {
        headers: query.has('id_before') ? {} : { link: `<${path}?pagination=keyset&id_before=1>; rel="next"` },
      })
    const { id } = rig.task('FETCH_JOBS', PROJECT)
    await rig.finish(id)
    expect(rig.lines(id)).toEqual(jobs)
    rig.gitlab.on = () => new Response('[12345678901234567890, 1.10]')
    const { id: odd } = rig.task('FETCH_JOBS', PROJECT)
    expect((await rig.finish(odd)).progress.error).toMatchObject({ code: 'BAD_RESPONSE' })
  })

  test('crawler D3: bytes that are no UTF-8 become U+FFFD, and one warning names the item', async () => {
    const bytes = (text: string) => Buffer.from(text.replaceAll('§', '\xff\xfe'), 'latin1')
    for (const [format, extension] of [
      ['json', '.jsonl'],
      ['csv', '.csv'],
      ['xml', '.xml'],
    ] as const) {
      rig = await createRig()
      // The third was sent with U+FFFD, in both spellings.
      serveTags(
        bytes(
          '[{"name":"v1","message":"ok"},{"name":"v2","message":"a§b","target":"§"},{"name":"v3","message":"\xef\xbf\xbd\\ufffd"}]',
        ),
      )
      const { id } = rig.task('FETCH_TAGS', { ...PROJECT, outputFormat: format })
      await rig.finish(id)
      expect(partOf(id, extension)).toContain('a\ufffd\ufffdb')
      expect(rig.manifest(id)).toMatchObject({
        items: 3,
        truncated: false,
        warnings: [expect.stringMatching(/^tags v2: .*UTF-8/)],
      })
      await rig.stop()
    }
    rig = await createRig()
    // In the body of a detail, and of both: one warning for each item.
    rig.gitlab.on = ({ path }) => {
      if (path.endsWith('/environments'))
        return new Response(bytes('[{"id":1,"name":"§"},{"id":2,"name":"x"},{"id":3,"name":"x"}]'))
      return new Response(bytes(path.endsWith('/3') ? '{"slug":"x"}' : '{"slug":"§"}'))
    }
    const { id } = rig.task('FETCH_ENVIRONMENTS', { ...PROJECT, filters: { details: true } })
    await rig.finish(id)
    expect(rig.manifest(id).warnings.map((text: string) => text.split(':')[0])).toEqual(['environments 1', 'environments 2'])
  })

  test('security L11: csv cells are guarded by the first character that shows; numbers are not, and cost nothing', async () => {
    rig = await createRig()
    const formulas = [
      '\t=1+1',
      '\r=1+1',
      '\n=1',
      ' =1',
      '\u200b=1',
      '\uff1d1+1',
      '\uff0b1',
      '\uff20SUM',
      '\u22121+1',
      '=1',
      '@a',
      '-x',
    ]
    const numbers = ['-5', '+1.5', '-1e3', `-${'1'.repeat(50_000)}`]
    const nasty = `-${'1'.repeat(50_000)}x`
    const messages = [...formulas, ...numbers, nasty, 'plain', 'a=1']
    serveTags(JSON.stringify(messages.map((message, n) => ({ name: `v${n}`, message }))))
    const { id } = rig.task('FETCH_TAGS', { ...PROJECT, outputFormat: 'csv' })
    const from = performance.now()
    await rig.finish(id)
    expect(performance.now() - from).toBeLessThan(2000)
    const cells = parseCsv(partOf(id, '.csv'))
      .slice(1)
      .map((row) => row[COLUMNS.tag.indexOf('message')])
    const guarded = (text: string) => `'${text}`
    expect(cells).toEqual([...formulas.map(guarded), ...numbers, guarded(nasty), 'plain', 'a=1'])
  })
})
