import { expect, test } from 'bun:test'
import { CRAWLER_TASK_TYPES } from '../../../src/config/kinds.ts'
import { TASK_TYPES } from '../../../src/crawler/fields.ts'
import { TASK_TYPES as takenByTheWorker } from '../../../src/workers/gitlab/index.ts'

test('gitlab-crawler §5: the server, its configuration and the worker name the same task types', () => {
  // None of the three may import another (scripts/layering.ts), so each has a list of its own.
  expect([...takenByTheWorker].sort()).toEqual([...TASK_TYPES].sort())
  expect([...CRAWLER_TASK_TYPES].sort()).toEqual([...TASK_TYPES].sort())
})
