/** `trawl restore`: the way back of `trawl backup`. */
export { help, runRestore as run } from './backup.ts'
