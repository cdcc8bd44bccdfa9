import type { Row } from './gitlab-data.ts'

/** What a query leaves of a list, as GitLab's parameters do. */
export type Select = (rows: Row[], query: URLSearchParams) => Row[]
export const within =
  (field: string, after: string, before: string): Select =>
  (rows, query) => {
    const from = Date.parse(query.get(after) ?? '') || -Infinity
    const to = Date.parse(query.get(before) ?? '') || Infinity
    return rows.filter((row) => Date.parse(row[field]) >= from && Date.parse(row[field]) <= to)
  }
export const stateful: Select = (rows, query) => {
  const state = query.get('state')
  return state && state !== 'all' ? rows.filter((row) => row.state === state) : rows
}
export const ordered: Select = (rows, query) => {
  const by = query.get('order_by')
  if (!by) return rows
  const sign = query.get('sort') === 'desc' ? -1 : 1
  return [...rows].sort((a, b) => sign * (a[by] < b[by] ? -1 : a[by] > b[by] ? 1 : (a.id ?? 0) - (b.id ?? 0)))
}
export const windowed: Select = (rows, query) => {
  const after = Number(query.get('id_after') ?? Number.NaN)
  const before = Number(query.get('id_before') ?? Number.NaN)
  return rows.filter((row) => !(row.id <= after) && !(row.id >= before))
}
export const all =
  (...selects: Select[]): Select =>
  (rows, query) =>
    selects.reduce((left, select) => select(left, query), rows)
