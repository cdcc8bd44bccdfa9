import type { Log } from '../../src/platform/log.ts'
import type { TestDatabase } from '../support/databases.ts'
import { type DoubleAnswer, type DoubleRequest, type UpstreamDouble, upstreamDouble } from '../support/upstream-double.ts'
import { makeRig } from './rig.ts'

export const TOKEN = 'wk-a-token-of-this-test-0123456789'
const KEYS = `k1:${Buffer.alloc(32, 7).toString('base64')}`
const doubles: UpstreamDouble[] = []
/** For `afterEach`. */
export const stopDoubles = async () => {
  for (const double of doubles.splice(0)) await double.stop()
}

/** Weeek as the contract describes it: one user, some tasks in pages of three, two projects, two workspaces. */
export const weeekDouble = (tasks: Record<string, unknown>[] = []) => {
  const state = { tasks, token: TOKEN, userId: 'u-1', workspaces: [{ id: 5 }, { id: 6 }] as { id: unknown }[] }
  const answer = ({ method, path, query, headers, body }: DoubleRequest): DoubleAnswer => {
    if (headers.authorization !== `Bearer ${state.token}`) return { json: { success: false }, status: 401 }
    const route = `${method} ${path.replace(/\/tasks\/[^/]+/, '/tasks/:id')}`
    switch (route) {
      case 'GET /user/me':
        return { json: { success: true, user: { id: state.userId, email: 'a@b.example' } } }
      case 'GET /tm/workspaces':
        return { json: { success: true, workspaces: state.workspaces } }
      case 'GET /tm/projects':
        return { json: { success: true, projects: [{ id: 1, workspaceId: 5 }, { id: 2, workspaceId: 6 }, { id: 3 }] } }
      case 'GET /tm/tasks': {
        const wanted = state.tasks.filter((task) => query.projectId === undefined || String(task.projectId) === query.projectId)
        const from = Number(query.offset)
        return { json: { success: true, tasks: wanted.slice(from, from + 3), hasMore: wanted.length > from + 3 } }
      }
      case 'POST /tm/tasks':
        return { json: { success: true, task: { id: 99, ...body } } }
      case 'PUT /tm/tasks/:id':
        return { json: { success: true, task: { id: 1, date: body.date } } }
      case 'POST /tm/tasks/:id/comments':
      case 'POST /tm/tasks/:id/complete':
        return { json: { success: true } }
      default:
        return { json: { success: false }, status: 404 }
    }
  }
  const double = upstreamDouble(answer)
  doubles.push(double)
  /** Answers one path differently, the others as before. */
  const except = (path: string, other: () => DoubleAnswer) =>
    double.answer((request) => (`${request.method} ${request.path}` === path ? other() : answer(request)))
  return { ...double, state, except, heal: () => double.answer(answer) }
}

/** The app with a Weeek of its own and a subscriber 7. */
export const weeekRig = async (
  database: TestDatabase,
  { tasks, env = {}, log }: { tasks?: Record<string, unknown>[]; env?: Record<string, string>; log?: Log } = {},
) => {
  const weeek = weeekDouble(tasks)
  const app = await makeRig(database, { log, env: { WEEEK_API_BASE: `${weeek.origin}/`, ENCRYPTION_KEYS: KEYS, ...env } })
  await app.ok('POST', '/internal/telegram/subscribers', { chat_id: 7, name: 'Ann' })
  const connect = (more: Record<string, unknown> = {}) =>
    app.post('/internal/weeek/connect', { telegram_chat_id: 7, weeek_api_token: TOKEN, ...more })
  const idsOf = async (type: string, more = ''): Promise<unknown[]> =>
    (await app.ok('GET', `/internal/weeek/tasks?telegram_chat_id=7&type=${type}${more}`)).tasks.map((task: any) => task.id)
  return { app, weeek, connect, idsOf }
}
