// Runs before every test file: a test never reads the developer's environment.
for (const name of [
  'NODE_ENV',
  'DATABASE_URL',
  'INTERNAL_API_TOKEN',
  'ANALYTICS_API_TOKEN',
  'PORT',
  'HOST',
  'DEMO',
  'SERVICE_TOKENS',
  'TELEGRAM_BOT_MODE',
  'TELEGRAM_BOT_TOKEN',
])
  delete process.env[name]
process.env.TZ = 'UTC'
