import type { Random } from './random.ts'

/** How many values of a name are remembered: the newest, because what is old is often deleted. */
const KEPT = 24

/** A lease that some worker holds, as its later words have to name it. */
export interface Lease {
  id: string
  fence: number
  worker: string
  credentialsVersion?: number
}

/** The last words of a path before a parameter, e.g. `sources` of `/internal/sources/{id}`. */
export const resourceOf = (path: string): string => {
  const segments = path.split('/').filter((segment) => segment !== '' && !segment.startsWith('{'))
  const collection = path.split('/').filter(Boolean)
  const param = collection.findIndex((segment) => segment.startsWith('{'))
  return (param > 0 ? collection[param - 1] : segments.at(-1)) ?? ''
}

/**
 * What answers have named, by field: fed into later requests, so that the fuzz works on things that exist. An `id` is remembered under
 * the list it stood in or the resource of the path (`sources.id`), because ids of different things must not be mixed up. What is
 * `unspoken` is never given out.
 */
export const createPool = (random: Random, unspoken: readonly unknown[] = []) => {
  const values = new Map<string, unknown[]>()
  const put = (name: string, value: unknown) => {
    if (unspoken.includes(value)) return
    let list = values.get(name)
    if (!list) {
      list = []
      values.set(name, list)
    }
    if (list.includes(value)) return
    list.push(value)
    if (list.length > KEPT) list.shift()
  }
  const walk = (value: unknown, container: string): void => {
    if (Array.isArray(value)) {
      for (const item of value.slice(-8)) walk(item, container)
      return
    }
    if (typeof value !== 'object' || value === null) return
    for (const [key, item] of Object.entries(value)) {
      if (typeof item === 'string' || typeof item === 'number') {
        if (typeof item === 'string' && (item === '' || item.length > 300)) continue
        put(key === 'id' ? `${container}.id` : key, item)
      } else walk(item, Array.isArray(item) && !['items', 'data', 'content'].includes(key) ? key : container)
    }
  }
  return {
    put,
    /** Remembers what an answer names. */
    learn: (path: string, body: unknown) => walk(body, resourceOf(path)),
    /** One of the values under any of the names; undefined when none is known. */
    pick(...names: string[]): any {
      const known = names.flatMap((name) => values.get(name) ?? [])
      return known.length === 0 ? undefined : random.pick(known)
    },
    /** The newest value of a name. */
    last: (name: string): any => values.get(name)?.at(-1),
  }
}
export type Pool = ReturnType<typeof createPool>
