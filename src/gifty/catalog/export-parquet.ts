import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import type { ExportField, FieldKind } from './export-model.ts'
import type { ExportRow } from './export-pages.ts'

type Schema = ConstructorParameters<typeof ParquetWriter>[0]['schema']
type Element = Schema[number]

/** Rows of a group, which is written in one go and so keeps the event loop. */
const GROUP_ROWS = 2000
/** Characters of texts after which a group ends before that. */
const GROUP_CHARACTERS = 2 * 1024 * 1024

const TYPES: Record<FieldKind, Pick<Element, 'type' | 'converted_type'>> = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  json: { type: 'BYTE_ARRAY', converted_type: 'JSON' },
  integer: { type: 'INT64' },
  number: { type: 'DOUBLE' },
  boolean: { type: 'BOOLEAN' },
  time: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
}
const READ: Record<FieldKind, (value: unknown) => unknown> = {
  text: (value) => value,
  json: (value) => JSON.parse(value as string),
  integer: (value) => BigInt(value as number | string),
  number: (value) => value,
  boolean: (value) => value === true || value === 1,
  time: (value) => Number(value),
}

/** Keeps what was written since it was last asked. */
class Chunks extends ByteWriter {
  take(): Uint8Array {
    const chunk = this.getBytes().slice()
    this.index = 0
    return chunk
  }
}

/** Writes products as a Parquet file, group by group: memory holds one group, and a few hundred bytes of each column of those before. */
export const parquetWriter = (fields: readonly ExportField[]) => {
  const chunks = new Chunks()
  const schema: Schema = [
    { name: 'product', num_children: fields.length },
    ...fields.map(({ name, kind }): Element => ({ name, repetition_type: 'OPTIONAL', ...TYPES[kind] })),
  ]
  // Smallest and greatest values of each group would say nothing: rows stand in the order of a hash.
  const writer = new ParquetWriter({ writer: chunks, schema, statistics: false, createdBy: 'trawl' })
  let columns: unknown[][] = fields.map(() => [])
  let rows = 0
  let characters = 0
  const endGroup = () => {
    if (rows === 0) return
    const columnData = fields.map(({ name, repeats }, n) => ({
      ...{ name, data: columns[n] as unknown[], offsetIndex: false },
      ...(repeats ? {} : { encoding: 'PLAIN' as const }),
    }))
    writer.write({ columnData, rowGroupSize: rows })
    // No indices are written, so nothing of them is kept until the end.
    writer.pendingIndexes.length = 0
    columns = fields.map(() => [])
    rows = 0
    characters = 0
  }
  return {
    /** The bytes that a page adds, none while its group goes on. */
    add(page: readonly ExportRow[]): Uint8Array {
      for (const row of page) {
        for (let n = 0; n < fields.length; n++) {
          const { name, kind } = fields[n] as ExportField
          const value = row[name]
          ;(columns[n] as unknown[]).push(value === null ? null : READ[kind](value))
          if (typeof value === 'string') characters += value.length
        }
        rows++
      }
      if (rows >= GROUP_ROWS || characters >= GROUP_CHARACTERS) endGroup()
      return chunks.take()
    },
    end(): Uint8Array {
      endGroup()
      writer.finish()
      return chunks.take()
    },
  }
}
