/** `import rows from './x.ndjson' with { type: 'text' }`: Bun embeds the file as a string, in a compiled binary too. */
declare module '*.ndjson' {
  const text: string
  export default text
}
