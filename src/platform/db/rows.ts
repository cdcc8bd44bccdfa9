import { Column, is, SQL } from 'drizzle-orm'

interface Field {
  path: string[]
  field: unknown
}
type Decode = (value: unknown) => unknown

const asIs: Decode = (value) => value
/** Types whose driver value is the value. */
const PLAIN = new Set(['string', 'number', 'bigint'])

const decoderOf = (field: unknown): Decode | undefined => {
  if (is(field, Column)) return PLAIN.has(field.dataType) ? asIs : (value) => field.mapFromDriverValue(value)
  if (!is(field, SQL)) return undefined
  const { decoder } = field as unknown as { decoder: { mapFromDriverValue: Decode } }
  return (value) => decoder.mapFromDriverValue(value)
}

/**
 * A function that lays out a row of a select or returning clause. Drizzle's own looks for the decoder of every value of every row,
 * which costs as much as SQLite's work. Undefined for selections it does not know: nested ones, joins, subqueries.
 */
export const rowReader = (fields: readonly Field[]): ((row: unknown[]) => Record<string, unknown>) | undefined => {
  const names: string[] = []
  const decoders: Decode[] = []
  for (const { path, field } of fields) {
    const decode = decoderOf(field)
    if (path.length !== 1 || !decode) return undefined
    names.push(path[0] as string)
    decoders.push(decode)
  }
  return (row) => {
    const out: Record<string, unknown> = {}
    for (let n = 0; n < names.length; n++) {
      const value = row[n]
      out[names[n] as string] = value === null ? null : (decoders[n] as Decode)(value)
    }
    return out
  }
}
