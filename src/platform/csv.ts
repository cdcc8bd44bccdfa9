/** What a spreadsheet would run as a formula. */
export const FORMULA = /^[=+\-@\t\r]/
/** The same for columns whose texts may begin with `@`, such as user names. */
export const FORMULA_EXCEPT_AT = /^[=+\-\t\r]/

/** A cell of a CSV file (RFC 4180): quoted where it has to be, and behind an apostrophe where `formula` matches. Null is an empty cell. */
export const csvCell = (text: string | null, formula: RegExp): string => {
  if (text === null) return ''
  const safe = formula.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
