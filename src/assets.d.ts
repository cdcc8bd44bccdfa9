/** Files that the bundler carries along. `import rows from './x.ndjson' with { type: 'text' }` gives their text, in a compiled binary too. */
declare module '*.ndjson' {
  const text: string
  export default text
}
/** The import gives its path. */
declare module '*.wasm' {
  const path: string
  export default path
}
declare module 'swagger-ui-dist/swagger-ui.css'
declare module 'swagger-ui-dist/swagger-ui-bundle.js'
