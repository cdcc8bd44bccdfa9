/** A set that has taken longer does not hold up the next one any more: it may wait for a lock, or for a connection that is dead. */
const PATIENCE_MS = 100

/**
 * Does what is asked for at once in sets: while one set is under way, what comes waits, and the next set takes all of it that `fits` together.
 * Nobody waits when nothing is under way. A set that fails is done again one by one, so that each answer and each error is its asker's own.
 */
export const createGathering = <Asked, Answer>({
  fits,
  run,
}: {
  /** Whether one more may go with those. */
  fits(set: readonly Asked[], more: Asked): boolean
  /** The answers of a set, in its order. */
  run(set: readonly Asked[]): Promise<Answer[]>
}) => {
  interface Waiting {
    asked: Asked
    resolve(answer: Answer): void
    reject(error: unknown): void
  }
  let waiting: Waiting[] = []
  let busy = false

  const alone = async ({ asked, resolve, reject }: Waiting): Promise<void> => {
    try {
      resolve((await run([asked]))[0] as Answer)
    } catch (error) {
      reject(error)
    }
  }
  const together = async (set: Waiting[]): Promise<void> => {
    let answers: Answer[]
    try {
      answers = await run(set.map(({ asked }) => asked))
    } catch {
      // Whatever it was, each hears it again if it is about its own.
      await Promise.all(set.map(alone))
      return
    }
    set.forEach(({ resolve }, n) => {
      resolve(answers[n] as Answer)
    })
  }
  /** All that waits and fits with the first of it. */
  const nextSet = (): Waiting[] => {
    const asked: Asked[] = []
    const [set, left] = [[] as Waiting[], [] as Waiting[]]
    for (const one of waiting)
      if (asked.length === 0 || fits(asked, one.asked)) {
        asked.push(one.asked)
        set.push(one)
      } else left.push(one)
    waiting = left
    return set
  }
  const start = () => {
    if (busy || waiting.length === 0) return
    busy = true
    let counts = true
    const next = () => {
      if (!counts) return
      counts = false
      busy = false
      start()
    }
    const patience = setTimeout(next, PATIENCE_MS)
    const set = nextSet()
    void (set.length === 1 ? alone(set[0] as Waiting) : together(set)).then(() => {
      clearTimeout(patience)
      next()
    })
  }
  return (asked: Asked): Promise<Answer> =>
    new Promise((resolve, reject) => {
      waiting.push({ asked, resolve, reject })
      start()
    })
}
