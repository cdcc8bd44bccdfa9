// What every contestant of the line `peers` is: a process that is told `fill N` or `run N` on its standard input and answers each with
// one line of JSON. `run` takes N jobs in batches of 25 and answers the milliseconds that took.
export const BATCH = 25

export const contest = async ({ fill, run, close }) => {
  process.stdout.write('{"ready":true}\n')
  let rest = ''
  for await (const chunk of process.stdin) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()
    for (const line of lines) {
      const [verb, count] = line.split(' ')
      const answer = verb === 'fill' ? await fill(Number(count)) : await run(Number(count))
      process.stdout.write(`${JSON.stringify({ verb, ...answer })}\n`)
    }
  }
  await close()
}

/** Connections of each contestant. */
export const CONNECTIONS = 4

/** Workers of one contestant. */
const WORKERS = 16

/**
 * Takes `count` jobs in batches by sixteen workers at once, none of which waits for its last completion before it takes on: so the connections
 * always have something to do. Answers the milliseconds it took, to the end of the last completion.
 */
export const drain = async (count, take, complete) => {
  const startedAt = performance.now()
  let left = count
  const work = async () => {
    let completing = Promise.resolve()
    while (left > 0) {
      const wanted = Math.min(BATCH, left)
      left -= wanted
      const jobs = await take(wanted)
      if (jobs.length !== wanted) throw new Error(`${jobs.length} jobs came, not ${wanted}`)
      await completing
      completing = complete(jobs)
      // Awaited above or below; a failure meanwhile is not lost.
      completing.catch(() => {})
    }
    await completing
  }
  await Promise.all(Array.from({ length: WORKERS }, work))
  return { ms: performance.now() - startedAt }
}

/** The same payload for everybody. */
export const payload = (n) => ({ topic: 'bench', text: `Message ${n}`, data: { source_id: n, site_key: 'shop', is_broken: false } })
