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
})
