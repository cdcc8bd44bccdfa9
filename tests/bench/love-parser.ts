import { join } from 'node:path'
import { type LoveParserData, seedLoveParser } from './love-parser-data.ts'
import { compareReads } from './reads.ts'
import { ownDirectory, productionEnv, ROOT, type Row, type Running, rssOf, type Scale, startProcess, startTrawl } from './rig.ts'

const SEARCHES = 20

const exportLine = async (server: Running, { token, exportId }: LoveParserData, scale: Scale): Promise<Row[]> => {
  const once = async () => {
    const response = await fetch(`${server.origin}/api/v1/parsing/${exportId}/export`, {
      headers: { authorization: `Bearer ${token}` },
    })
    let lines = 0
    let peak = 0
    for await (const chunk of response.body as any as AsyncIterable<Uint8Array>) {
      for (let n = chunk.indexOf(10); n >= 0; n = chunk.indexOf(10, n + 1)) lines++
      peak = Math.max(peak, rssOf(server.pid))
    }
    if (lines !== scale.exportRows) throw new Error(`the export has ${lines} rows`)
    return peak
  }
  await once()
  const before = rssOf(server.pid)
  const rates: number[] = []
  let peak = before
  for (let round = 0; round < scale.rounds; round++) {
    const startedAt = performance.now()
    peak = Math.max(peak, await once())
    rates.push(scale.exportRows / ((performance.now() - startedAt) / 1000))
  }
  const rate = rates.sort((a, b) => a - b)[rates.length >> 1] as number
  return [
    {
      name: `export of ${scale.exportRows} rows`,
      measured: `${Math.round(rate)} rows/s`,
      floor: '150000 rows/s',
      value: rate / 150_000,
      unit: 'ratio',
      target: 1,
      better: 'more',
    },
    {
      name: 'memory grown by an export',
      measured: `${peak.toFixed(0)} MB`,
      floor: `${before.toFixed(0)} MB`,
      value: peak - before,
      unit: 'MB',
      target: 40,
      better: 'less',
    },
  ]
}

const streamLines = async (server: Running, { token, pending }: LoveParserData, scale: Scale): Promise<Row[]> => {
  const headers = { authorization: `Bearer ${token}` }
  const open = async (streams: number, searches: string[]) => {
    const client = Bun.spawn(
      [process.execPath, 'tests/bench/love-parser-streams.ts', String(server.port), token, searches.join(','), String(streams)],
      { cwd: ROOT, stdout: 'pipe', stderr: 'inherit' },
    )
    const lines = client.stdout.pipeThrough(new TextDecoderStream() as any).getReader() as ReadableStreamDefaultReader<string>
    const opened = await lines.read()
    if (opened.value?.trim() !== 'open') throw new Error(`the streams did not open: ${opened.value}`)
    return { client, lines }
  }
  const finish = async (searches: string[], { lines }: Awaited<ReturnType<typeof open>>) => {
    for (const id of searches) {
      const answer = await fetch(`${server.origin}/api/v1/parsing/${id}/cancel`, { method: 'POST', headers })
      if (!answer.ok) throw new Error(`cancelling answered ${answer.status}`)
    }
    return JSON.parse((await lines.read()).value ?? '{}') as { delivered: number; p50: number; p99: number; max: number }
  }
  // A first round, so that compilers and buffers are not counted as streams.
  const [warm, measured] = [pending.slice(0, SEARCHES), pending.slice(SEARCHES, 2 * SEARCHES)]
  await finish(warm, await open(Math.min(200, scale.streams), warm))
  await Bun.sleep(scale.smoke ? 50 : 2000)
  const before = rssOf(server.pid)
  const streams = await open(scale.streams, measured)
  await Bun.sleep(scale.smoke ? 50 : 5000)
  const perStream = ((rssOf(server.pid) - before) * 1024) / scale.streams
  const { delivered, p50, p99, max } = await finish(measured, streams)
  if (delivered !== scale.streams) throw new Error(`${delivered} of ${scale.streams} terminal events arrived`)
  return [
    {
      name: `${scale.streams} progress streams: terminal event, p99`,
      measured: `${p99} ms`,
      floor: '-',
      value: p99,
      unit: 'ms',
      target: 250,
      better: 'less',
      note: `all delivered; p50 ${p50} ms, max ${max} ms`,
    },
    {
      name: 'memory of a progress stream',
      measured: `${perStream.toFixed(1)} KB`,
      floor: '-',
      value: perStream,
      unit: 'KB',
      target: 12,
      better: 'less',
    },
  ]
}

/** Love Parser: reads against a floor, the cost of authentication, export, progress streams. */
export const benchLoveParser = async (scale: Scale): Promise<Row[]> => {
  const database = join(ownDirectory(), 'love-parser.db')
  const secret = productionEnv(database).JWT_SECRET as string
  const data = await seedLoveParser(database, { secret, exportRows: scale.exportRows, waiting: 2 * SEARCHES })
  const env = { RATE_LIMIT_MAX: '0' }
  const trawl = await startTrawl(database, env)
  const floor = await startProcess([process.execPath, 'tests/bench/love-parser-floor.ts', database, data.token], {})
  const bare = await startProcess([process.execPath, 'tests/bench/love-parser-bare-me.ts', data.userId], {
    ...productionEnv(database),
    ...env,
  })
  const header = `Authorization: Bearer ${data.token}`
  const rows: Row[] = []
  for (const [name, path] of [
    ['GET /api/v1/auth/me', '/api/v1/auth/me'],
    ['GET /api/v1/parsing/history, 20 rows', '/api/v1/parsing/history'],
    ['GET .../results, 50 of 1,000 rows', `/api/v1/parsing/${data.searchId}/results`],
    ['GET /api/v1/audience/segments', '/api/v1/audience/segments'],
  ] as const)
    rows.push(await compareReads(name, 0.5, [trawl, floor], path, scale, { header }))
  rows.push(
    await compareReads('GET /api/v1/auth/me, against no authentication', 0.8, [trawl, bare], '/api/v1/auth/me', scale, {
      header,
      floorPath: '/bench/me',
    }),
  )
  rows.push(...(await exportLine(trawl, data, scale)))
  for (const server of [trawl, floor, bare]) await server.stop()
  // A server of its own: the memory of streams is small beside what an export leaves behind.
  const fresh = await startTrawl(database, env)
  rows.push(...(await streamLines(fresh, data, scale)))
  await fresh.stop()
  return rows
}
