// Workers of the crawler's tests, several in a process: half lease over HTTP, half over WebSocket. Each task gets one progress report
// that names its fence, and is completed. What the server has acknowledged goes to stdout, a JSON line each.
// argv: origin, name, how many.
const [origin, name, count] = process.argv.slice(2)

export {} // a module

const base = `${origin}/api/internal2`
const headers = { authorization: 'Bearer dev-crawler-token' }
const tell = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`)

interface Task {
  id: string
  lease: { fence: number }
}
type Port = {
  lease(): Promise<Task[]>
  /** Resolves with the answer's data; undefined when the server refuses it for good. */
  report(id: string, update: Record<string, unknown>): Promise<any>
}

const again = async <T>(action: () => Promise<T>): Promise<T> => {
  for (;;)
    try {
      return await action()
    } catch {
      // The pause of a worker before it asks again.
      await Bun.sleep(50)
    }
}
const overHttp = (workerId: string): Port => {
  const post = async (path: string, body: unknown) => {
    const response = await fetch(base + path, { method: 'POST', headers, body: JSON.stringify(body) })
    const answer: any = await response.json()
    if (response.status >= 500) throw new Error('try again')
    return response.status === 200 ? answer.data : undefined
  }
  return {
    lease: () => again(() => post('/tasks/lease', { workerId, max: 20, leaseSeconds: 10, waitSeconds: 1 })),
    report: (id, update) => again(() => post(`/tasks/${encodeURIComponent(id)}/progress`, { ...update, workerId })),
  }
}
const overSocket = (workerId: string): Port => {
  let socket: Promise<WebSocket> | undefined
  const waiting = new Map<string, { resolve(data: any): void; reject(error: Error): void }>()
  let assigned: Task[] = []
  const open = () =>
    (socket ??= new Promise<WebSocket>((resolve, reject) => {
      const made = new WebSocket(`${base.replace('http', 'ws')}/connect?subscribe=none&connectionId=${workerId}`, {
        headers,
      } as never)
      made.onopen = () => resolve(made)
      made.onclose = () => {
        socket = undefined
        reject(new Error('closed'))
        for (const one of waiting.values()) one.reject(new Error('closed'))
        waiting.clear()
      }
      made.onmessage = ({ data }) => {
        const frame = JSON.parse(data)
        if (frame.type === 'task_assignment') assigned.push(frame.data)
        const one = waiting.get(frame.data?.refId)
        waiting.delete(frame.data?.refId)
        if (frame.type === 'error' && frame.data.status >= 500) one?.reject(new Error('try again'))
        else one?.resolve(frame.type === 'error' ? undefined : frame.data)
      }
    }))
  const ask = async (type: string, data: unknown): Promise<any> => {
    const live = await open()
    const id = crypto.randomUUID()
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject })
      live.send(JSON.stringify({ type, id, data }))
    })
  }
  return {
    lease: () =>
      again(async () => {
        await ask('task_request', { max: 20, leaseSeconds: 10, waitSeconds: 1 })
        const tasks = assigned
        assigned = []
        return tasks
      }),
    report: async (id, update) => (await again(() => ask(update.type as string, { ...update, taskId: id, workerId })))?.result,
  }
}

const work = async (port: Port) => {
  for (;;)
    for (const { id, lease } of (await port.lease()) ?? []) {
      const { fence } = lease
      const mark = `${id}:${fence}`
      const seen = await port.report(id, {
        type: 'progress',
        fence,
        updateId: `${mark}:1`,
        metadata: { [`f${fence}`]: true },
        processed: 1,
      })
      if (!seen) continue
      if (!seen.ignored) tell({ said: 'progress', id, fence })
      const done = await port.report(id, { type: 'completed', fence, updateId: `${mark}:2` })
      if (done && !done.ignored) tell({ said: 'completed', id, fence, duplicate: done.duplicate })
    }
}
await Promise.all(
  Array.from({ length: Number(count) }, (_, n) => {
    const workerId = `${name}-${n}`
    return work(n % 2 === 0 ? overHttp(workerId) : overSocket(workerId))
  }),
)
