/** `options.filters` of a task, read against what its type accepts (gitlab-worker §5). */
export interface Filters {
  /** Values that go into the query. */
  params: Record<string, string>
  /** Values of the worker's own keys, as given. */
  own: Record<string, unknown>
  warnings: string[]
}

const scalar = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined

/** A filter's text: lists are joined by commas, as GitLab reads them; undefined when it has none. */
export const filterText = (value: unknown): string | undefined => {
  if (!Array.isArray(value)) return scalar(value)
  const parts = value.map(scalar)
  return parts.includes(undefined) ? undefined : parts.join(',')
}

/** A filter's values as a list of texts. */
export const filterList = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).flatMap((one) => {
    const text = scalar(one)
    return text === undefined || text === '' ? [] : [text]
  })

export const isOn = (value: unknown): boolean => value === true || value === 'true' || value === 1 || value === '1'

/** Unknown keys and unusable values are ignored with a warning; absent and empty ones silently. */
export const readFilters = (given: Record<string, unknown>, accepted: readonly string[], ownKeys: readonly string[]): Filters => {
  const filters: Filters = { params: {}, own: {}, warnings: [] }
  for (const [key, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === '') continue
    if (ownKeys.includes(key)) filters.own[key] = value
    else if (!accepted.includes(key)) filters.warnings.push(`filter "${key.slice(0, 100)}" is unknown and ignored`)
    else {
      const text = filterText(value)
      if (text === undefined) filters.warnings.push(`filter "${key}" has an unusable value and is ignored`)
      else filters.params[key] = text
    }
  }
  return filters
}
