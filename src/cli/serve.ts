import { fail, serve } from '../serve.ts'
import { type Io, UsageError } from './io.ts'

export const help = `Usage: trawl serve

Runs the server, configured by the environment (docs/configuration.md), until SIGTERM or SIGINT.
`

/** Never resolves while the server runs: its stop ends the process. */
export const run = async (args: string[], _io: Io): Promise<number> => {
  if (args.length > 0) throw new UsageError('it takes no arguments: variables configure it')
  await serve().catch(fail)
  return new Promise(() => {})
}
