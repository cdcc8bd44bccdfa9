import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, loadConfig, VARIABLES } from '../src/config.ts'

export const COMPOSE_FOLDER = 'deploy'
/** What a fleet is made of, and how many processes of each role. */
const NEEDED = ['postgres', 'redis', 'rabbitmq', 'prometheus', 'grafana']
const ROLES: Record<string, number> = { api: 2, scheduler: 1, worker: 1 }
/** A version to the second place at least: `latest`, `17` and the like are another image tomorrow. */
const PINNED = /^[a-z0-9][\w./-]*:[\w.-]*\d+\.\d+[\w.-]*$/
const SECRET_NAME = /PASS|TOKEN|SECRET|KEYS?$|SESSION|HASH$/
const VARIABLE = /\$\{(\w+)(:[-?][^}]*)?\}/g
/** Stand-ins that every rule of the configuration takes. */
const FILLED: Record<string, string> = {
  ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 'check').toString('base64')}`,
  SERVICE_TOKENS: 'bot:a-token-of-a-service',
  FAMILIES: 'gifty,crawler,stickers',
  TRUST_PROXY: '0',
}

type Json = Record<string, any>
const list = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : [])

/** The values that `.env.example` asks a person for. */
const readExample = (text: string): string[] => [...text.matchAll(/^(\w+)=/gm)].map(([, name]) => name as string)

/**
 * What is wrong with the compose file, found without an engine: images, health checks, variables, secrets, ports, volumes, and
 * whether each of our processes would accept its configuration.
 */
export const composeProblems = (files: { compose: string; example: string; prometheus: string; version: string }): string[] => {
  const problems: string[] = []
  let parsed: Json
  try {
    parsed = Bun.YAML.parse(files.compose) as Json
  } catch (error) {
    return [`compose.yaml is no YAML: ${error}`]
  }
  const services: Record<string, Json> = parsed.services ?? {}
  const asked = readExample(files.example)
  const hostPorts = new Map<string, string>()
  const usedVolumes = new Set<string>()
  const roles: Record<string, number> = {}

  for (const name of NEEDED) if (!services[name]) problems.push(`there is no service ${name}`)
  for (const [, name] of files.compose.matchAll(VARIABLE))
    if (!asked.includes(name as string)) problems.push(`.env.example does not list ${name}`)
  for (const name of asked)
    if (!files.compose.includes(`\${${name}`) && !new RegExp(`environment: ${name}\\b`).test(files.compose))
      problems.push(`nothing reads ${name} of .env.example`)

  for (const [name, service] of Object.entries(services)) {
    const say = (problem: string) => problems.push(`${name}: ${problem}`)
    const image = String(service.image ?? '')
    const ours = image.startsWith('trawl:')
    if (!PINNED.test(image)) say(`the image "${image}" is not pinned by a version`)
    if (ours && image !== `trawl:${files.version}`) say(`the image ${image} is not of this release (${files.version})`)
    const { test, interval, timeout } = (service.healthcheck ?? {}) as Json
    if (list(test).length < 2 || list(test)[0] !== 'CMD' || !interval || !timeout)
      say('no health check with test, interval and timeout')
    if (!list(service.security_opt).includes('no-new-privileges:true')) say('it may gain privileges')
    if (!service.mem_limit) say('it may take all memory of the machine')
    if (ours && !(list(service.cap_drop).includes('ALL') && service.read_only === true))
      say('it has capabilities, or a file system that it may write, which it does not need')
    if (name === 'redis' && !list(service.command).includes('--requirepass')) say('it is open to every process of its network')
    if (service.restart !== 'unless-stopped') say('it does not start again by itself')

    for (const [on, how] of Object.entries<Json>(service.depends_on ?? {}))
      if (!services[on]) say(`depends on ${on}, which does not exist`)
      else if (how?.condition !== 'service_healthy') say(`does not wait until ${on} is healthy`)

    const environment: Record<string, string> = Object.fromEntries(
      Object.entries<unknown>(service.environment ?? {}).map(([key, value]) => [key, String(value)]),
    )
    for (const [key, value] of Object.entries(environment)) {
      const isSecret = (VARIABLES as Json)[key]?.secret === true || SECRET_NAME.test(key)
      const credentials = /^\w+:\/\/([^/@]*)@/.exec(value)?.[1]
      if (credentials !== undefined) {
        if (!/^[\w-]+:\$\{\w+:\?[^}]*\}$/.test(credentials)) say(`${key} has a password inline`)
      } else if (isSecret && !/^\w+:\/\/[^@]+$/.test(value) && !/^\$\{\w+:[-?][^}]*\}$/.test(value))
        say(`${key} is a secret inline`)
      if (isSecret && /\$\{\w+:-[^}]+\}/.test(value)) say(`${key} is a secret with a default`)
    }
    if (ours) {
      for (const key of Object.keys(environment)) if (!(key in VARIABLES)) say(`${key} is no variable of Trawl`)
      roles[environment.ROLE ?? 'all'] = (roles[environment.ROLE ?? 'all'] ?? 0) + 1
      const filled = Object.fromEntries(
        Object.entries(environment).map(([key, value]) => [
          key,
          value.replace(VARIABLE, (_, variable: string, rest = '') =>
            rest.startsWith(':-') ? rest.slice(2) : (FILLED[variable] ?? `a-long-value-of-${variable.toLowerCase()}`),
          ),
        ]),
      )
      try {
        loadConfig(filled)
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        for (const problem of error.problems) say(problem)
      }
    }

    for (const port of list(service.ports)) {
      const [, host, inside] = /^127\.0\.0\.1:(\d+):(\d+)$/.exec(port) ?? []
      if (host === undefined) say(`the port "${port}" is open to the world; bind it to 127.0.0.1`)
      else if (hostPorts.has(host)) say(`the port ${host} is taken by ${hostPorts.get(host)}`)
      else {
        hostPorts.set(host, name)
        if (ours && inside !== environment.PORT) say(`publishes ${inside}, but listens on ${environment.PORT}`)
      }
    }
    for (const volume of list(service.volumes)) {
      const [source = '', target = ''] = volume.split(':')
      if (!target.startsWith('/')) say(`the volume "${volume}" has no place inside`)
      if (source.startsWith('.')) {
        if (!existsSync(join(COMPOSE_FOLDER, source))) say(`${source} does not exist`)
        if (!volume.endsWith(':ro')) say(`${source} can be written from inside`)
      } else {
        usedVolumes.add(source)
        if (!(source in (parsed.volumes ?? {}))) say(`the volume ${source} is not declared`)
      }
    }
    for (const secret of list(service.secrets)) if (!parsed.secrets?.[secret]) say(`the secret ${secret} is not declared`)
  }
  for (const volume of Object.keys(parsed.volumes ?? {}))
    if (!usedVolumes.has(volume)) problems.push(`the volume ${volume} is not used`)
  for (const [role, count] of Object.entries(ROLES))
    if (roles[role] !== count) problems.push(`${roles[role] ?? 0} processes have the role ${role}, not ${count}`)

  problems.push(...scrapeProblems(files.prometheus, services), ...poolProblems(services))
  return problems
}

/** Every process of ours is scraped, under its role. */
const scrapeProblems = (text: string, services: Record<string, Json>): string[] => {
  const problems: string[] = []
  const job = (Bun.YAML.parse(text) as Json).scrape_configs?.find((one: Json) => one.job_name === 'trawl')
  const scraped = new Set<string>()
  for (const { targets = [], labels = {} } of (job?.static_configs ?? []) as Json[])
    for (const target of targets as string[]) {
      const [host = '', port] = target.split(':')
      scraped.add(host)
      const environment = services[host]?.environment
      if (!environment) problems.push(`prometheus.yml: ${host} is no service`)
      else if (port !== environment.PORT) problems.push(`prometheus.yml: ${host} listens on ${environment.PORT}, not ${port}`)
      else if (labels.role !== environment.ROLE)
        problems.push(`prometheus.yml: ${host} has the role ${environment.ROLE}, not ${labels.role}`)
    }
  for (const [name, { image }] of Object.entries(services))
    if (String(image).startsWith('trawl:') && !scraped.has(name)) problems.push(`prometheus.yml: ${name} is not scraped`)
  return problems
}

/** Postgres has a connection for every place in every pool, and some for people. */
const poolProblems = (services: Record<string, Json>): string[] => {
  const most = Number(/max_connections=(\d+)/.exec(list(services.postgres?.command).join(' '))?.[1] ?? 100)
  const wanted = Object.values(services).reduce((sum, { environment }) => sum + Number(environment?.DATABASE_POOL_MAX ?? 0), 0)
  return wanted + 10 > most ? [`postgres: ${most} connections are too few for pools of ${wanted} in all`] : []
}

/** The same of the files of this repository, and what `docker compose config` says where it is installed. */
export const checkCompose = async (): Promise<string[]> => {
  const read = (file: string) => Bun.file(join(COMPOSE_FOLDER, file)).text()
  const { version } = await Bun.file('package.json').json()
  const example = await read('.env.example')
  const problems = composeProblems({
    compose: await read('compose.yaml'),
    example,
    prometheus: await read('prometheus/prometheus.yml'),
    version,
  })
  if (!Bun.which('docker') || Bun.spawnSync(['docker', 'compose', 'version']).exitCode !== 0) return problems
  const env = Object.fromEntries(readExample(example).map((name) => [name, FILLED[name] ?? 'filled']))
  const done = Bun.spawnSync(['docker', 'compose', '-f', join(COMPOSE_FOLDER, 'compose.yaml'), 'config', '--quiet'], {
    env: { ...process.env, ...env },
  })
  return done.exitCode === 0 ? problems : [...problems, ...done.stderr.toString().trim().split('\n')]
}
