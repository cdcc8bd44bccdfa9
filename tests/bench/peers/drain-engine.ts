import type { Engine, Task } from '../../../src/tasks/index.ts'
import { drain } from './contestant.mjs'

/** Our engine's part of the lines `peers`: leases and completes `count` tasks of a kind. @throws when a completion is refused */
export const drainEngine = (engine: Pick<Engine, 'lease' | 'complete'>, kind: string, count: number) =>
  drain<Task>(
    count,
    (max) => engine.lease({ owner: 'bench', kinds: [kind], max, leaseMs: 60_000 }),
    async (tasks) => {
      const refused = await engine.complete(
        'bench',
        tasks.map(({ id, fence }) => ({ id, fence })),
        [kind],
      )
      if (refused.size > 0) throw new Error(`${refused.size} completions were refused`)
    },
  )
