import type { TestDatabase } from '../../support/databases.ts'
import { createPool } from './pool.ts'
import { createRandom } from './random.ts'
import type { Kitchen } from './recipes.ts'
import { createRequests } from './requests.ts'
import { createValues } from './values.ts'
import { createWorld } from './world.ts'

/**
 * A world of its own and what makes requests to it, all of one seed: the same seed asks the same in the same order. What is `unspoken`
 * is never named by a request. The caller closes the world.
 */
export const openKitchen = async (database: TestDatabase, seed: number, unspoken: readonly unknown[] = []) => {
  const random = createRandom(seed)
  const world = await createWorld(database)
  const pool = createPool(random, unspoken)
  const kitchen: Kitchen = { random, pool, world, leases: { gifty: [], crawler: [] } }
  const values = createValues(random, seed, world.document, pool)
  return { random, world, kitchen, maker: createRequests(kitchen, values) }
}
