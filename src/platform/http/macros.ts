import { type AnyElysia, Elysia } from 'elysia'
import { z } from 'zod'
import type { Call } from './family.ts'
import type { Described } from './openapi.ts'
import { callContext } from './pipeline.ts'
import { queryOf, rereadQuery } from './request.ts'

/** What a check before the handler may look at. `params` are as the path has them, decoded. */
export interface Entry {
  request: Request
  call: Call
  params: Record<string, string | undefined> | undefined
}
/** The checks that stand before a handler, each asked for by the option of that name. */
type Step = 'auth' | 'rate' | 'bodyLimit'
type Parameter = Record<string, unknown>
type MaybePromise<T> = T | Promise<T>

/** The type of a value that its domain checks itself, because its refusals come in an order that no schema has; anything passes. */
export const checkedLater = <S extends z.ZodType>(_schema: S) => z.custom<z.input<S>>()

/** `problems(404, 409)`: answers of these statuses in a family's error body, for the `response` of a route. */
export const problemsWith =
  <P extends z.ZodType>(problem: P) =>
  <const S extends number>(...statuses: S[]): Record<S, P> =>
    Object.fromEntries(statuses.map((status) => [status, problem])) as Record<S, P>

/** How a family answers the needs of a route. `Access`: what `auth` may be; `Rate`: what `rate` may be; `Body`: what `bodyLimit` may be; `Who`: the handler's `principal`. */
export interface Policy<Access, Rate, Body, Who> {
  name: string
  /** The contract's order of the checks. */
  order: readonly Step[]
  /** Schema of the family's error body, and the statuses any operation may answer with one. */
  problem: z.ZodType
  /** The same where a route asks for `errorDetail`. */
  problemWithDetail?: z.ZodType
  always: readonly number[]
  /** Status of a value that a schema refuses. */
  invalid: Record<'params' | 'query' | 'body', number>
  /** Unset: no route of the surface may ask for it. */
  auth?: {
    /** Before a body byte is read, unless `order` says otherwise. @throws AppError */
    check(entry: Entry, access: Access): MaybePromise<Who>
    security(access: Access): Record<string, string[]>[]
    statuses: readonly number[]
  }
  /** Likewise. */
  rate?: {
    /** @throws AppError 429 */
    check(entry: Entry, rate: Rate): MaybePromise<void>
  }
  /** Likewise. */
  body?: {
    /** Reads the body within the limit; its value goes through the route's schema. @throws AppError */
    read(entry: Entry, limit: Body): Promise<unknown>
    statuses: readonly number[]
  }
  idempotency?: {
    /** The key of a request, undefined without one. @throws AppError */
    key(request: Request): string | undefined
    maxLength: number
    statuses: readonly number[]
  }
  /** Query and path parameters as the contract reads them; the schemas come afterwards. */
  tidy?(entry: Entry, query: Record<string, string | string[]>): Record<string, string | string[]>
  /** Parameters that every operation has, for the document. */
  parameters?: readonly Parameter[]
}

interface RouteHook {
  transform?: unknown
  body?: unknown
  query?: unknown
  params?: unknown
  response?: Record<number, Described>
  /** The error body in the document, where it is not the family's. */
  problem?: z.ZodType
  checks?: Check[]
  /** Set by `auth` and `anyone`. */
  saysWhoMayCall?: boolean
  detail?: { responses?: Record<number, Described>; parameters?: Parameter[]; [key: string]: unknown }
}
/** A check of a route: of its entry, or one that has to have more of Elysia's context. */
type Check = { rank: number } & ({ entry: (entry: Entry) => unknown } | { transform: (context: any) => unknown })

/** A route below one of the prefixes must say `auth` or `anyone`, so that no credential is forgotten. @throws Error for the first that does not */
export const requireAccess = (routes: AnyElysia['routes'], prefixes: readonly string[]): void => {
  for (const { method, path, hooks } of routes)
    if (!(hooks as RouteHook).saysWhoMayCall && prefixes.some((prefix) => path === prefix || path.startsWith(`${prefix}/`)))
      throw new Error(`${method} ${path} says neither auth nor anyone`)
}

/** One transform for neighbours: Elysia waits after each transform, although most checks are done at once. */
const runInTurn =
  (checks: ((entry: Entry) => unknown)[]) =>
  async ({ request, call, params }: Entry) => {
    const entry = { request, call, params }
    for (const check of checks) {
      const pending = check(entry)
      if (pending instanceof Promise) await pending
    }
  }
/** Elysia runs a route's transforms in their order; they stand here in the contract's, however the options of the route are written. */
const addCheck = (hook: RouteHook, check: Check): void => {
  hook.checks = [...(hook.checks ?? []), check].sort((a, b) => a.rank - b.rank)
  const transforms: unknown[] = []
  let neighbours: ((entry: Entry) => unknown)[] | undefined
  for (const one of hook.checks)
    if ('transform' in one) {
      transforms.push(one.transform)
      neighbours = undefined
    } else if (neighbours) neighbours.push(one.entry)
    else {
      neighbours = [one.entry]
      transforms.push(runInTurn(neighbours))
    }
  hook.transform = transforms
}

/**
 * The options that say what a route needs: `auth`, `rate`, `bodyLimit`, `idempotent`. Each does its check and brings its part of the API
 * document. The checks are transforms, the only hooks that run for every method and before Elysia validates; a macro's `introspect` puts
 * them in the contract's order. It also takes `response` out of the hook: the document and the types come from it, and nothing is spent on
 * validating what we answer.
 */
export const createSurface = <Access, Rate, Body, Who>(policy: Policy<Access, Rate, Body, Who>) => {
  const rankOf = (step: Step) => 1 + policy.order.indexOf(step)
  const { auth, rate: limits, body } = policy
  const missing = (option: Step) => new Error(`the surface ${policy.name} has no rule for ${option}`)

  const describe = (
    hook: RouteHook,
    statuses: readonly number[] = [],
    more: { parameters?: Parameter[]; [key: string]: unknown } = {},
  ) => {
    const { responses = {}, parameters = [], ...detail } = hook.detail ?? {}
    const all: Record<number, Described> = { ...responses, ...hook.response }
    delete hook.response
    for (const status of statuses) all[status] ??= hook.problem ?? policy.problem
    hook.detail = { ...detail, ...more, responses: all, parameters: [...parameters, ...(more.parameters ?? [])] }
  }
  /** What every route begins with: the parameters as the contract reads them. */
  const begin = (hook: RouteHook) => {
    hook.saysWhoMayCall = true
    const invalid = (['params', 'query', 'body'] as const).filter((group) => hook[group]).map((group) => policy.invalid[group])
    describe(hook, [...policy.always, ...invalid], { parameters: [...(policy.parameters ?? [])] })
    const { tidy } = policy
    if (!tidy) return
    if (hook.query)
      addCheck(hook, {
        rank: 0,
        transform: ({ request, call, params, query }) =>
          rereadQuery(query, tidy({ request, call, params }, queryOf(request.url))),
      })
    else if (hook.params) addCheck(hook, { rank: 0, entry: (entry) => void tidy(entry, {}) })
  }

  return new Elysia({ name: `surface: ${policy.name}` }).use(callContext).macro({
    /** Who may call the route; its handler has the `principal`. */
    auth: (access: Access) => ({
      introspect(hook: any) {
        if (!auth) throw missing('auth')
        begin(hook)
        describe(hook, auth.statuses, { security: auth.security(access) })
        addCheck(hook, {
          rank: rankOf('auth'),
          entry(entry) {
            const { call } = entry
            const principal = auth.check(entry, access)
            if (!(principal instanceof Promise)) call.principal = principal
            else
              return principal.then((known) => {
                call.principal = known
              })
          },
        })
      },
      resolve: ({ call }: { call: Call }) => ({ principal: call.principal as Who }),
    }),
    /** A route anybody may call. */
    anyone: (_: true) => ({
      introspect(hook: any) {
        begin(hook)
        describe(hook, [], { security: [] })
      },
    }),
    /** The bucket that a request is taken from. */
    rate: (rate: Rate) => ({
      introspect(hook: any) {
        if (!limits) throw missing('rate')
        describe(hook, [429])
        addCheck(hook, { rank: rankOf('rate'), entry: (entry) => limits.check(entry, rate) })
      },
    }),
    /** Reads the body, which may have so many bytes. */
    bodyLimit: (limit: Body) => ({
      introspect(hook: any) {
        if (!body) throw missing('bodyLimit')
        describe(hook, body.statuses, typeof limit === 'number' ? { maxBodyBytes: limit } : {})
        addCheck(hook, {
          rank: rankOf('bodyLimit'),
          // An arrow function: Elysia reads the texts of hooks, and misreads a minified method.
          transform: async (context) => {
            const { request, call, params } = context
            call.body = await body.read({ request, call, params }, limit)
            context.body = call.body
          },
        })
      },
    }),
    /** Errors carry their message as a top-level `detail` too. */
    errorDetail: (_: true) => ({
      introspect(hook: any) {
        const detailed = policy.problemWithDetail ?? policy.problem
        const responses = { ...hook.detail?.responses, ...hook.response }
        for (const status in responses) if (responses[status] === policy.problem) responses[status] = detailed
        delete hook.response
        Object.assign(hook, { problem: detailed, detail: { ...hook.detail, responses } })
        // Before any check can refuse.
        addCheck(hook, {
          rank: 0,
          entry({ call }) {
            call.hasErrorDetail = true
          },
        })
      },
    }),
    /** Takes an `Idempotency-Key`; its handler has it as `idempotencyKey`. */
    idempotent: (_: true) => ({
      introspect(hook: any) {
        describe(hook, policy.idempotency?.statuses, {
          parameters: [
            {
              in: 'header',
              name: 'Idempotency-Key',
              required: false,
              description: 'A repeat with the same key and body gets the same answer',
              schema: { type: 'string', minLength: 1, maxLength: policy.idempotency?.maxLength },
            },
          ],
        })
      },
      resolve: ({ request }: { request: Request }) => ({ idempotencyKey: policy.idempotency?.key(request) }),
    }),
  })
}
