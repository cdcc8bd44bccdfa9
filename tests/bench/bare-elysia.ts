// The floor of a cold start: what Elysia alone costs, compiled with the same flags.
import { Elysia } from 'elysia'

new Elysia().get('/health', () => ({ status: 'ok' })).listen({ port: Number(process.env.PORT), hostname: '127.0.0.1' })
process.on('SIGTERM', () => process.exit(0))
