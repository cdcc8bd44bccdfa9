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

/** The same payload for everybody. */
export const payload = (n) => ({ topic: 'bench', text: `Message ${n}`, data: { source_id: n, site_key: 'shop', is_broken: false } })
