/** A recorded answer of /metrics: `tests/ops/recorded-metrics.test.ts` keeps it true. */
export const RECORDED_METRICS = 'tests/fixtures/metrics.txt'
const RULES = 'deploy/prometheus/rules.yml'
const RULE_TESTS = 'deploy/prometheus/rules.test.yml'
const DASHBOARD = 'deploy/grafana/dashboards/trawl.json'

/** What a scrape adds to every series: its job, where it came from, and the role of prometheus.yml. */
const OF_THE_SCRAPE = ['job', 'instance', 'role']
/** Series that Prometheus makes itself. */
const ITS_OWN: Record<string, string[]> = { up: [] }
const WORDS = new Set([
  'and',
  'or',
  'unless',
  'on',
  'ignoring',
  'by',
  'without',
  'group_left',
  'group_right',
  'bool',
  'offset',
  'inf',
  'nan',
])

/** Metrics by name with all labels that their samples have. */
export const readMetrics = (text: string): Map<string, Set<string>> => {
  const known = new Map<string, Set<string>>()
  for (const line of text.split('\n')) {
    const [, name, labels = ''] = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? \S+$/.exec(line) ?? []
    if (name === undefined) continue
    const set = known.get(name) ?? new Set<string>()
    known.set(name, set)
    for (const [, label] of labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) set.add(label as string)
  }
  return known
}

/** Names of the metrics in a PromQL expression, and of the labels it selects or groups by. */
export const readExpression = (expression: string): { metrics: Set<string>; labels: Set<string> } => {
  const labels = new Set<string>()
  const metrics = new Set<string>()
  const bare = expression
    .replace(/#.*$/gm, ' ')
    .replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '""')
    .replace(/\{([^}]*)\}/g, (_, matchers: string) => {
      for (const [, label] of matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)) labels.add(label as string)
      return ' '
    })
    .replace(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g, (_, names: string) => {
      for (const name of names.split(',')) if (name.trim() !== '') labels.add(name.trim())
      return ' '
    })
    .replace(/\[[^\]]*\]/g, ' ')
    .replace(/\boffset\s+\S+/g, ' ')
  for (const [, name, call] of bare.matchAll(/(?<![\w.:])([A-Za-z_:][\w:]*)(\s*\()?/g))
    if (call === undefined && !WORDS.has((name as string).toLowerCase())) metrics.add(name as string)
  return { metrics, labels }
}

/** Expressions and series, by where they stand, that name what /metrics does not say. */
export const unknownIn = (known: Map<string, Set<string>>, expressions: Iterable<[string, string]>): string[] => {
  const problems: string[] = []
  for (const [place, expression] of expressions) {
    const { metrics, labels } = readExpression(expression)
    if (metrics.size === 0) problems.push(`${place}: names no metric`)
    const allowed = new Set(OF_THE_SCRAPE)
    for (const metric of metrics) {
      const own = known.get(metric) ?? (ITS_OWN[metric] ? new Set(ITS_OWN[metric]) : undefined)
      if (!own) problems.push(`${place}: /metrics has no ${metric}`)
      for (const label of own ?? []) allowed.add(label)
    }
    for (const label of labels) if (!allowed.has(label)) problems.push(`${place}: none of its metrics has a label ${label}`)
  }
  return problems
}

/** Whether alert rules, their tests and the dashboard speak of metrics that exist, and whether every alert is tested. */
export const observabilityProblems = async (): Promise<string[]> => {
  const known = readMetrics(await Bun.file(RECORDED_METRICS).text())
  const rules = ((Bun.YAML.parse(await Bun.file(RULES).text()) as any).groups as any[]).flatMap((group) => group.rules as any[])
  const tests = (Bun.YAML.parse(await Bun.file(RULE_TESTS).text()) as any).tests as any[]
  const dashboard = await Bun.file(DASHBOARD).json()

  const fired = new Set(
    tests.flatMap((one) =>
      one.alert_rule_test.filter((check: any) => check.exp_alerts?.length > 0).map((check: any) => check.alertname),
    ),
  )
  return [
    ...unknownIn(
      known,
      rules.map(({ alert, expr }): [string, string] => [alert, expr]),
    ),
    ...unknownIn(
      known,
      tests.flatMap((one) => one.input_series.map(({ series }: any): [string, string] => [`test "${one.name}"`, series])),
    ),
    ...unknownIn(
      known,
      dashboard.panels.flatMap((panel: any) =>
        (panel.targets ?? []).map(({ expr }: any): [string, string] => [`panel "${panel.title}"`, expr]),
      ),
    ),
    ...rules.filter(({ alert }) => !fired.has(alert)).map(({ alert }) => `${alert}: no test lets it fire`),
    ...rules
      .filter(({ labels, annotations }) => !labels?.severity || !annotations?.summary || !annotations?.action)
      .map(({ alert }) => `${alert}: needs a severity, a summary and an action`),
  ]
}
