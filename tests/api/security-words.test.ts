import { expect, test } from 'bun:test'
import { accessTables } from '../../src/access/tables.ts'
import { createLog, redactText } from '../../src/platform/log.ts'
import { makeRig } from '../gifty/rig.ts'
import { onEachDatabase } from '../support/databases.ts'

onEachDatabase('security: words of others in the log', (database) => {
  test('M8: a statement that fails is logged without any of its values', async () => {
    const { db, clock } = await makeRig(database)
    const { subscribers } = accessTables(db.kit)
    const now = new Date(clock.now())
    const values = {
      chatId: 5551234567,
      name: 'Ivan SecretName\n    at somewhere (x:1:1)\nparams: y',
      role: 'admin' as const,
      isActive: true,
      permissions: ['secret permission'],
      createdAt: now,
      updatedAt: now,
    }
    const insert = () => db.q.insert(subscribers).values(values).returning({ id: subscribers.id })
    await insert()
    const error = await insert().then(
      () => undefined,
      (refused) => refused,
    )
    expect(error).toBeInstanceOf(Error)
    const lines: string[] = []
    const log = createLog({ level: 'info', write: (line) => lines.push(line) })
    log.error('request failed', { error })
    log.error('job failed', { error: (error as Error).message })
    log.error(String(error))
    expect(lines).toHaveLength(3)
    for (const line of lines)
      for (const value of ['5551234567', 'SecretName', 'secret permission']) expect(line).not.toContain(value)
    // As it is stored with a task.
    expect(redactText(String(error))).not.toContain('SecretName')
  })
})

test('M8: a value that the database quotes is not logged', () => {
  expect(redactText('invalid input syntax for type bigint: "Ivan \n SecretName"')).toBe(
    'invalid input syntax for type bigint: [value]',
  )
})

test('M8: every text of a line is cut, those of errors included', () => {
  const lines: string[] = []
  const log = createLog({ level: 'info', write: (line) => lines.push(line) })
  const long = 'x'.repeat(100_000)
  const error = new Error(long, { cause: new Error(long) })
  log.error(long, { note: long, error })
  expect(lines[0]?.length).toBeLessThan(40_000)
  expect(JSON.parse(lines[0] as string).error.stack).toStartWith('Error: xxx')
})
