import type { GitlabWorkerOptions } from '../../../src/workers/gitlab/index.ts'
import type { Rig } from './rig.ts'

/** What a worker touches, in the order of a page. */
export type Step =
  | 'request sent'
  | 'answer there'
  | 'nothing written'
  | 'half written'
  | 'all written'
  | 'manifest not in place'
  | 'manifest in place'
  | 'report sent'
  | 'report answered'

/** A worker whose life ends, without a word and for ever, at the step where `ends` says so; or pauses until `thaw`. */
export const guillotine = (rig: Rig, ends: (step: Step, count: number, detail: string) => boolean) => {
  let dead = false
  let steps = 0
  let thaw = () => {}
  let fell = () => {}
  const thawed = new Promise<void>((resolve) => {
    thaw = resolve
  })
  const fallen = new Promise<void>((resolve) => {
    fell = resolve
  })
  const pass = async (step: Step, detail = '') => {
    if (!dead && ends(step, ++steps, detail)) {
      dead = true
      fell()
    }
    if (dead) await thawed
  }
  const options: Partial<GitlabWorkerOptions> = {
    gitlabFetch: async (request) => {
      await pass('request sent', request.url)
      request.signal.throwIfAborted()
      const answer = await rig.network(request)
      await pass('answer there', request.url)
      return answer
    },
    fetch: async (request) => {
      const body = await request.clone().text()
      await pass('report sent', body)
      request.signal.throwIfAborted()
      const answer = await rig.api.handle(request)
      await pass('report answered', body)
      return answer
    },
    disk: {
      ...rig.disk,
      async write(path, position, bytes) {
        if (!path.includes('part-')) return rig.disk.write(path, position, bytes)
        await pass('nothing written')
        await rig.disk.write(path, position, bytes.subarray(0, bytes.byteLength / 2))
        await pass('half written')
        await rig.disk.write(path, position, bytes)
        await pass('all written')
      },
      async replace(path, bytes, writer, proceed) {
        await pass('manifest not in place')
        await rig.disk.replace(path, bytes, writer, proceed)
        await pass('manifest in place')
      },
    },
  }
  return {
    options,
    /** Resolves when the blade has fallen. */
    fallen,
    thaw: () => {
      dead = false
      thaw()
    },
    steps: () => steps,
  }
}
