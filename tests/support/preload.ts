import { setDefaultTimeout } from 'bun:test'
import { VARIABLES } from '../../src/config.ts'

// Runs before every test file: a test never reads the developer's environment.
for (const name of Object.keys(VARIABLES)) delete process.env[name]
process.env.TZ = 'UTC'
// A machine that also builds, serves databases and runs other suites is slow at times; what hangs still ends.
setDefaultTimeout(180_000)
