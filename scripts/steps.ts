import { type ParserOptions, parse } from '@babel/parser'

/** Names of a generator's parameter that is a transaction, where it has no type. */
const TX_NAMES = new Set(['tx', 'inside', 'inner'])
const TX_TYPES = new Set(['Tx', 'Queryable'])
/** Methods of the database that run steps. */
const DRIVERS = new Set(['tx', 'read'])
/** Functions of these names take a transaction for its `afterCommit` alone: they are no generators, which the check makes sure of. */
const ANNOUNCE = /^announce/
/** Methods of a transaction that answer a step. */
const STEP_METHODS = new Set(['run', 'batch', 'sql', 'exclusive'])
/** Methods of a transaction that begin a query. */
const BUILDERS = new Set(['select', 'selectDistinct', 'insert', 'update', 'delete', 'with'])
const DIALECT_HOME = 'src/platform/db/'

interface Node {
  type: string
  start: number
  end: number
  loc: { start: { line: number }; end: { line: number } }
  /** Fields differ by node type. */
  [field: string]: any
}
const OPTIONS: ParserOptions = { sourceType: 'module', plugins: ['typescript'] }
/** The nodes between an expression and the one that uses its value. */
const WRAPPERS = new Set(['TSAsExpression', 'TSNonNullExpression', 'TSSatisfiesExpression', 'ParenthesizedExpression'])
const isFunction = (node: Node) => /Function|ObjectMethod|ClassMethod|ClassPrivateMethod/.test(node.type)
const LOOPS = /^(?:For|ForOf|ForIn|While|DoWhile)Statement$/

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value && 'loc' in value
const NO_CHILDREN = new Set(['loc', 'extra', 'leadingComments', 'trailingComments', 'innerComments'])
const childrenOf = (node: Node): Node[] => {
  const children: Node[] = []
  for (const field in node) {
    const value = node[field]
    if (typeof value !== 'object' || value === null || NO_CHILDREN.has(field)) continue
    if (Array.isArray(value)) children.push(...value.filter(isNode))
    else if (isNode(value)) children.push(value)
  }
  return children
}
/** Every node after its ancestors, the nearest ancestor last; the list of them is the walk's own. */
const walk = (node: Node, visit: (node: Node, ancestors: readonly Node[]) => void, ancestors: Node[] = []) => {
  visit(node, ancestors)
  ancestors.push(node)
  for (const child of childrenOf(node)) walk(child, visit, ancestors)
  ancestors.pop()
}

/** Names of the transactions of a file: parameters of type `Tx`, those given to `db.tx(...)`, and the usual names in generators. */
const transactionNames = (program: Node): Set<string> => {
  const names = new Set(['tx'])
  walk(program, (node, ancestors) => {
    if (!isFunction(node)) return
    const [first] = node.params
    const given = ancestors.at(-1)
    const isBody = given?.type === 'CallExpression' && given.arguments[0] === node && DRIVERS.has(given.callee.property?.name)
    if (first?.type === 'Identifier' && (isBody || (node.generator && TX_NAMES.has(first.name)))) names.add(first.name)
    for (const parameter of node.params)
      if (TX_TYPES.has(parameter.typeAnnotation?.typeAnnotation?.typeName?.name)) names.add(parameter.name)
  })
  return names
}

/** The parent that uses the value of `node`, past casts, branches and `a ?? b`. */
const userOf = (node: Node, ancestors: readonly Node[]): { user: Node; above: readonly Node[] } => {
  let at = ancestors.length - 1
  let child = node
  for (; at > 0; at--) {
    const parent = ancestors[at] as Node
    const passes =
      WRAPPERS.has(parent.type) ||
      (parent.type === 'ConditionalExpression' && parent.test !== child) ||
      (parent.type === 'LogicalExpression' && parent.right === child)
    if (!passes) break
    child = parent
  }
  return { user: ancestors[at] as Node, above: ancestors.slice(0, at) }
}
/** A function's own name, or that of what it is assigned to. */
const nameOf = (node: Node | undefined): string => node?.name ?? node?.property?.name ?? node?.id?.name ?? node?.key?.name ?? ''
const functionAround = (ancestors: readonly Node[]) => ancestors.findLast(isFunction)

/** Whether a loop takes its rows one by one. Those that page, wait, or go in steps of many do not. */
const isOverRows = (node: Node): boolean => {
  const { type, right, update } = node
  return (
    type === 'ForInStatement' ||
    (type === 'ForOfStatement' && !node.await && nameOf(right.callee) !== 'chunks') ||
    (type === 'ForStatement' && update?.type === 'UpdateExpression')
  )
}

/** The chain of calls that begins with a method of the transaction: `tx.insert(t)` of `tx.insert(t).values(v).returning()`. */
const startOfChain = (call: Node): Node => {
  let at = call
  while (at.type === 'CallExpression' && at.callee.type === 'MemberExpression' && at.callee.object.type === 'CallExpression')
    at = at.callee.object
  return at
}

/**
 * Faults in the use of the database that neither types nor the linter see: a step that is made and not yielded (its statements never run), a
 * statement in a loop over rows, and a look at the dialect outside `platform/db`. A loop that makes few turns whatever the data says so in a
 * comment on its line or the one before: `// bounded: by the kinds`. Answers `file:line: problem`.
 */
export const stepProblems = (file: string, text: string): string[] => {
  const program = parse(text, OPTIONS).program as unknown as Node
  const names = transactionNames(program)
  const lines = text.split('\n')
  const usesQ = program.body.some(
    (node: Node) =>
      node.type === 'ImportDeclaration' &&
      /\/db\/index\.ts$/.test(node.source.value) &&
      node.specifiers.some((one: Node) => one.local.name === 'q'),
  )
  const problems: string[] = []
  const report = (node: Node, problem: string) => problems.push(`${file}:${node.loc.start.line}: ${problem}`)
  const textOf = (node: Node) => {
    const [first = ''] = text.slice(node.start, node.end).split('\n')
    return first.length > 60 ? `${first.slice(0, 60)}...` : first
  }
  const isTx = (node: Node | undefined) => node?.type === 'Identifier' && names.has(node.name)
  const isMethodOfTx = (call: Node, methods: Set<string>) =>
    call.type === 'CallExpression' &&
    call.callee.type === 'MemberExpression' &&
    isTx(call.callee.object) &&
    methods.has(call.callee.property.name)
  const isStep = (call: Node) =>
    call.type === 'CallExpression' &&
    ((usesQ && call.callee.name === 'q') ||
      (isTx(call.arguments[0]) && !isTx(call.callee.object)) ||
      isMethodOfTx(call, STEP_METHODS))

  const checkStep = (call: Node, ancestors: readonly Node[]) => {
    if (ANNOUNCE.test(nameOf(call.callee))) return
    const { user, above } = userOf(call, ancestors)
    if (user.type === 'YieldExpression') return
    const around = functionAround([...above, user])
    // A function that is no generator hands the step to its caller.
    if ((user.type === 'ReturnStatement' || user === around) && !around?.generator && !around?.async) return
    // Given to another function, which drives it.
    if (user.type === 'CallExpression' && user.callee !== call) return
    report(call, `"${textOf(call)}" is not yielded, so its statements do not run`)
  }
  const isMarked = (loop: Node) =>
    lines.slice(Math.max(0, loop.loc.start.line - 2), loop.loc.start.line).some((line) => /\/\/ bounded: \S/.test(line))
  const checkLoop = (loop: Node, ancestors: readonly Node[]) => {
    const around = functionAround(ancestors)
    const loops = [loop]
    // A loop that is the whole body of another one has no line of its own before it.
    for (const parent of ancestors.toReversed()) {
      if (!LOOPS.test(parent.type) || parent.body !== loops.at(-1)) break
      loops.push(parent)
    }
    if (loops.some(isMarked)) return
    const found = firstStatement(loop.body, around?.generator && !around.async && around.params.some(isTx))
    if (found) report(found, `"${textOf(found)}" runs once for each turn of the loop at line ${loop.loc.start.line}`)
  }
  const mentionsTx = (node: Node): boolean =>
    isTx(node) || childrenOf(node).some((child) => !isFunction(child) && mentionsTx(child))
  /** The first statement of a loop's turn, not looking into functions and inner loops: whatever a transaction yields, or a query outside one. */
  const firstStatement = (node: Node, isInTransaction: boolean): Node | undefined => {
    if (isFunction(node) || LOOPS.test(node.type)) return undefined
    if (node.type === 'YieldExpression' && (isInTransaction || mentionsTx(node))) return node
    if (node.type === 'AwaitExpression' && isQuery(node.argument)) return node
    for (const child of childrenOf(node)) {
      const found = firstStatement(child, isInTransaction)
      if (found) return found
    }
    return undefined
  }

  /** `statement.all(...)`, `db.tx(...)`, `db.sql(...)`, `db.q.select()...`. */
  const isQuery = (node: Node) => {
    const { callee } = startOfChain(node)
    if (callee?.type !== 'MemberExpression') return false
    const of = nameOf(callee.object)
    return ['all', 'tx', 'sql'].includes(callee.property.name)
      ? of !== 'Promise'
      : of === 'q' && BUILDERS.has(callee.property.name)
  }

  walk(program, (node, ancestors) => {
    if (isFunction(node) && node.generator && ANNOUNCE.test(nameOf(node)))
      report(node, `the generator ${nameOf(node)} has the name of what only waits for the commit: its calls are not checked`)
    if (isStep(node)) checkStep(node, ancestors)
    if (node.type === 'ExpressionStatement' && isMethodOfTx(startOfChain(node.expression), BUILDERS))
      report(node, `"${textOf(node)}" is not yielded, so it does nothing`)
    if (isOverRows(node)) checkLoop(node, ancestors)
    const isDialect =
      (/MemberExpression$/.test(node.type) && !node.computed && node.property.name === 'dialect') ||
      (node.type === 'ObjectProperty' && node.key.name === 'dialect' && ancestors.at(-1)?.type === 'ObjectPattern')
    if (isDialect && !file.startsWith(DIALECT_HOME))
      report(node, `"${textOf(node)}" asks for the dialect: use db.fragments, db.isShared or db.name`)
  })
  return problems
}

/** `stepProblems` of every file of `src`. */
export const allStepProblems = async (): Promise<string[]> => {
  const problems: string[] = []
  for (const file of [...new Bun.Glob('src/**/*.ts').scanSync('.')].sort())
    problems.push(...stepProblems(file, await Bun.file(file).text()))
  return problems
}
