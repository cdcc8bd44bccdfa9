// Runs before every test file: a test never reads the developer's environment.
for (const name of ['NODE_ENV', 'DATABASE_URL', 'INTERNAL_API_TOKEN', 'ANALYTICS_API_TOKEN', 'PORT', 'HOST', 'DEMO'])
  delete process.env[name]
process.env.TZ = 'UTC'
for (const name of Object.keys(process.env)) if (name.startsWith('ROBOKASSA_')) delete process.env[name]
