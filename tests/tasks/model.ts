import { exponentialDelay } from '../../src/tasks/model.ts'

/** What the contract says of tasks, in memory and without a database: the model against which the engine is checked. */
export interface ModelTask {
  id: string
  kind: string
  priority: number
  group: string | null
  dedupe: string | null
  state: string
  attempts: number
  max: number
  fence: number
  owner: string | null
  leaseEnds: number | null
  runAfter: number
  /** How often it came back to the queue. */
  requeues: number
  createdAt: number
  expiresAt: number | null
  lastEnd: string | null
}
export interface ModelKind {
  max: number
  finalFailure?: boolean
  finalLoss?: boolean
}
export const MODEL_KINDS: Record<string, ModelKind> = {
  a: { max: 3 },
  b: { max: 5, finalFailure: true },
  c: { max: 4, finalLoss: true },
}

const FINISHED = ['completed', 'failed', 'cancelled', 'dead']
const LIVE = ['queued', 'leased', 'cancelling']
const isHeld = (task: ModelTask) => task.state === 'leased' || task.state === 'cancelling'

export class Model {
  now = 0
  tasks: ModelTask[] = []
  caps = new Map<string, number>()
  pauses = new Map<string, number>()

  find = (id: string): ModelTask => this.tasks.find((task) => task.id === id)!
  holds = (task: ModelTask, owner: string, fence: number) =>
    isHeld(task) && task.owner === owner && task.fence === fence && task.leaseEnds! > this.now
  wasLast = (task: ModelTask, owner: string, fence: number) => task.owner === owner && task.fence === fence
  liveTwin = (kind: string, dedupe: string | null) =>
    dedupe !== null && this.tasks.some((task) => task.kind === kind && task.dedupe === dedupe && LIVE.includes(task.state))

  private end(task: ModelTask, state: string, how: string | null) {
    task.state = state
    task.leaseEnds = null
    task.lastEnd = how
    if (state !== 'queued') return
    // Behind its equals: those that have waited as long.
    task.runAfter = this.now
    task.requeues++
  }
  /** What a lease goes by: one more for each minute waited, by 100 at most. */
  private rank = (task: ModelTask) => task.priority + Math.min(100, Math.floor((this.now - task.runAfter) / 60_000))
  loseLeases() {
    for (const task of this.tasks)
      if (isHeld(task) && task.leaseEnds! <= this.now)
        this.end(
          task,
          task.state === 'cancelling'
            ? 'cancelled'
            : task.attempts >= task.max || MODEL_KINDS[task.kind]!.finalLoss
              ? 'dead'
              : 'queued',
          'expiry',
        )
  }
  /** The ids that a lease must answer, in order. */
  lease(owner: string, kinds: string[], max: number, leaseMs: number): string[] {
    this.loseLeases()
    const ready = this.tasks
      .filter(
        (task) =>
          task.state === 'queued' &&
          kinds.includes(task.kind) &&
          task.runAfter <= this.now &&
          (task.expiresAt === null || task.expiresAt > this.now),
      )
      .sort((x, y) => this.rank(y) - this.rank(x) || x.runAfter - y.runAfter || x.requeues - y.requeues || (x.id < y.id ? -1 : 1))
    const taken: string[] = []
    for (const task of ready) {
      if (taken.length >= max) break
      if (task.group !== null) {
        if ((this.pauses.get(task.group) ?? 0) > this.now) continue
        if (this.leasedIn(task.group) >= (this.caps.get(task.group) ?? Number.POSITIVE_INFINITY)) continue
      }
      Object.assign(task, {
        state: 'leased',
        owner,
        attempts: task.attempts + 1,
        fence: task.fence + 1,
        leaseEnds: this.now + leaseMs,
        lastEnd: null,
      })
      taken.push(task.id)
    }
    return taken
  }
  leasedIn = (group: string) => this.tasks.filter((task) => isHeld(task) && task.group === group).length

  complete(id: string, owner: string, fence: number): 'ok' | 'stale' {
    const task = this.find(id)
    if (this.holds(task, owner, fence)) {
      this.end(task, 'completed', 'complete')
      return 'ok'
    }
    return FINISHED.includes(task.state) && this.wasLast(task, owner, fence) && ['complete', 'report'].includes(task.lastEnd!)
      ? 'ok'
      : 'stale'
  }
  fail(id: string, owner: string, fence: number, retryable: boolean): { state: string; nextAttemptAt: Date | null } | 'stale' {
    const task = this.find(id)
    const answer = () => ({ state: task.state, nextAttemptAt: task.state === 'queued' ? new Date(task.runAfter) : null })
    if (!this.holds(task, owner, fence))
      return this.wasLast(task, owner, fence) && ['fail', 'report'].includes(task.lastEnd!) ? answer() : 'stale'
    const final = MODEL_KINDS[task.kind]!.finalFailure ? 'failed' : !retryable || task.attempts >= task.max ? 'dead' : 'queued'
    this.end(task, task.state === 'cancelling' ? 'cancelled' : final, 'fail')
    if (task.state === 'queued') task.runAfter = this.now + exponentialDelay(task.attempts)
    return answer()
  }
  release(id: string, owner: string, fence: number): 'ok' | 'stale' {
    const task = this.find(id)
    if (!this.holds(task, owner, fence)) return 'stale'
    if (task.state === 'cancelling') this.end(task, 'cancelled', 'release')
    else {
      this.end(task, 'queued', 'release')
      task.attempts--
    }
    return 'ok'
  }
  cancel(id: string): string {
    const task = this.find(id)
    if (FINISHED.includes(task.state)) return 'finished'
    if (isHeld(task)) task.state = 'cancelling'
    else this.end(task, 'cancelled', 'cancel')
    return task.state
  }
  report(id: string, state: string) {
    const task = this.find(id)
    if (!FINISHED.includes(task.state)) this.end(task, state, 'report')
  }
  redrive(ids: string[], limit: number): string[] {
    let redriven = 0
    return ids.filter((id) => {
      const task = this.find(id)
      if (redriven === limit) return false
      if (task.state !== 'dead' || this.liveTwin(task.kind, task.dedupe)) return false
      Object.assign(task, {
        state: 'queued',
        attempts: 0,
        requeues: 0,
        runAfter: this.now,
        expiresAt: task.expiresAt === null ? null : this.now + task.expiresAt - task.createdAt,
        leaseEnds: null,
        lastEnd: null,
      })
      redriven++
      return true
    })
  }
  sweep() {
    this.loseLeases()
    for (const task of this.tasks)
      if (task.state === 'queued' && task.expiresAt !== null && task.expiresAt <= this.now)
        this.end(task, 'cancelled', task.lastEnd)
  }
}
