/** A file that the bundler carries along; the import gives its path. */
declare module '*.wasm' {
  const path: string
  export default path
}
