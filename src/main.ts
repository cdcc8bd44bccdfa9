import './bun-version.ts'

// The program: without a word it is the server, any word is a command (`src/cli`). Each loads only what it needs.
if (process.argv.length <= 2) import('./serve.ts').then(({ serve, fail }) => serve().catch(fail))
else import('./cli/index.ts').then(({ runProcess }) => runProcess())
