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

/** Connections of each contestant: one takes, the others complete. */
export const CONNECTIONS = 4

/**
 * Takes `count` jobs in batches, without waiting for the completions before, as Graphile Worker does of its own accord: it fetches on
 * while its completions use the other connections. Answers the milliseconds it took, to the end of the last completion.
 */
export const drain = async (count, take, complete) => {
  const startedAt = performance.now()
  const completing = new Set()
  for (let done = 0; done < count; ) {
    const jobs = await take(Math.min(BATCH, count - done))
    if (jobs.length === 0) throw new Error('the queue is empty')
    done += jobs.length
    while (completing.size >= CONNECTIONS - 1) await Promise.race(completing)
    const completion = complete(jobs).then(() => completing.delete(completion))
    completing.add(completion)
  }
  await Promise.all(completing)
  return { ms: performance.now() - startedAt }
}

/** The same payload for everybody. */
export const payload = (n) => ({ topic: 'bench', text: `Message ${n}`, data: { source_id: n, site_key: 'shop', is_broken: false } })
