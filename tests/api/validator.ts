import Ajv2020 from 'ajv/dist/2020'
import addFormats from 'ajv-formats'

type Json = Record<string, any>

/** Checks values against schemas of an OpenAPI or AsyncAPI document; answers why a value is not of its schema. */
export const validatorOf = (whole: Json) => {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats(ajv)
  ajv.addSchema({ $id: 'document', ...whole })
  const relink = (value: any): any => {
    if (Array.isArray(value)) return value.map(relink)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        key === '$ref' && typeof item === 'string' ? item.replace(/^#/, 'document#') : relink(item),
      ]),
    )
  }
  return (schema: Json, value: unknown): string | undefined => {
    const validate = ajv.compile(relink(schema))
    return validate(value) ? undefined : ajv.errorsText(validate.errors, { dataVar: 'example' })
  }
}
