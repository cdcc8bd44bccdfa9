/** A batch that has taken longer does not hold up the next one any more: it may wait for a lock, or for a connection that is dead. */
const SLOW_BATCH_MS = 100

interface Waiting<Asked, Answer> {
  asked: Asked
  resolve(answer: Answer): void
  reject(error: unknown): void
}

/**
 * Does what concurrent callers ask for in batches: while one batch of a key is under way, requests of that key wait, and the next batch
 * takes all of them that `fits`. Where none of its key is under way, a request waits only for those that arrive in the same turn of the
 * event loop. A batch that fails is done again one by one, so that each caller gets its own answer or its own error.
 */
export const createBatcher = <Asked, Answer>({
  keyOf,
  fits,
  run,
}: {
  /** Only requests of one key go together. */
  keyOf(asked: Asked): string
  /** Whether one more request may join a batch of these. */
  fits(batch: readonly Asked[], more: Asked): boolean
  /** Answers of a batch, in its order. */
  run(batch: readonly Asked[]): Promise<Answer[]>
}) => {
  /** Requests that wait for the batch under way, by key. A key without a batch under way is not in it. */
  const queues = new Map<string, Waiting<Asked, Answer>[]>()

  const alone = async ({ asked, resolve, reject }: Waiting<Asked, Answer>): Promise<void> => {
    try {
      resolve((await run([asked]))[0] as Answer)
    } catch (error) {
      reject(error)
    }
  }
  const together = async (batch: Waiting<Asked, Answer>[]): Promise<void> => {
    let answers: Answer[]
    try {
      answers = await run(batch.map(({ asked }) => asked))
      if (answers.length !== batch.length) throw new TypeError('a batch answers each of its requests')
    } catch {
      await Promise.all(batch.map(alone))
      return
    }
    batch.forEach(({ resolve }, n) => {
      resolve(answers[n] as Answer)
    })
  }
  const start = (key: string, first: Waiting<Asked, Answer>): void => {
    const batch = [first]
    const asked = [first.asked]
    const waiting: Waiting<Asked, Answer>[] = []
    for (const one of queues.get(key) ?? [])
      if (fits(asked, one.asked)) {
        asked.push(one.asked)
        batch.push(one)
      } else waiting.push(one)
    queues.set(key, waiting)
    let ended = false
    const next = () => {
      if (ended) return
      ended = true
      clearTimeout(slow)
      const following = queues.get(key)?.shift()
      if (following) start(key, following)
      else queues.delete(key)
    }
    const slow = setTimeout(next, SLOW_BATCH_MS)
    void (batch.length === 1 ? alone(first) : together(batch)).then(next)
  }
  return (asked: Asked): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const key = keyOf(asked)
      const one = { asked, resolve, reject }
      const waiting = queues.get(key)
      if (waiting) {
        waiting.push(one)
        return
      }
      // Begun after what has already arrived has been read: requests of one moment share a batch from the first on.
      queues.set(key, [])
      setImmediate(start, key, one)
    })
}
