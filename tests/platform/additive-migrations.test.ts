import { describe, expect, test } from 'bun:test'
import { additiveProblems, checkAdditive } from '../../scripts/additive-migrations.ts'

const OLD = { name: '0000', statements: ['CREATE TABLE `old` (`id` integer PRIMARY KEY, `a` text)'] }
const after = (...statements: string[]) => additiveProblems('sqlite', [OLD, { name: '0001', statements }], '0000', {})

describe('migrations only add', () => {
  test('those of this repository do, but for what is listed with its reason', async () => {
    expect(await checkAdditive()).toEqual([])
  })

  test.each([
    'CREATE TABLE `new` (`id` integer NOT NULL)',
    'CREATE INDEX `old_ix` ON `old` (`a`)',
    'ALTER TABLE `old` ADD `b` text',
    "ALTER TABLE `old` ADD COLUMN `b` text DEFAULT 'x' NOT NULL",
    '-- a word before\nINSERT INTO "old" ("a") VALUES (\'x\')',
  ])('%s is welcome', (statement) => expect(after(statement)).toEqual([]))

  test.each([
    ['DROP TABLE `old`', 'none of the statements'],
    ['DROP INDEX `old_ix`', 'none of the statements'],
    ['ALTER TABLE `old` DROP COLUMN `a`', 'takes away'],
    ['ALTER TABLE `old` RENAME TO `older`', 'takes away'],
    ['ALTER TABLE `old` RENAME COLUMN `a` TO `b`', 'takes away'],
    ['ALTER TABLE "old" ALTER COLUMN "a" SET NOT NULL', 'takes away'],
    ['ALTER TABLE `old` ADD `b` text NOT NULL', 'does not fill'],
    ['ALTER TABLE "old" ADD CONSTRAINT "x" CHECK (a > 1)', 'welcome before'],
    ['CREATE UNIQUE INDEX `old_u` ON `old` (`a`)', 'welcome before'],
    ['CREATE TRIGGER `t` AFTER DELETE ON `old` BEGIN SELECT 1; END', 'acts on writes'],
    ['CREATE TABLE `__new_old` (`id` integer)', 'rebuilds'],
    ['UPDATE `old` SET `a` = 1', 'none of the statements'],
    ['DELETE FROM `old`', 'none of the statements'],
    ['PRAGMA foreign_keys=OFF', 'none of the statements'],
  ])('%s is not', (statement, why) => expect(after(statement).join()).toContain(why))

  test('what a migration itself has made may be narrowed', () => {
    const statements = [
      'CREATE TABLE `new` (`a` text)',
      'CREATE UNIQUE INDEX `u` ON `new` (`a`)',
      'ALTER TABLE `new` ADD `b` text NOT NULL',
    ]
    expect(after(...statements)).toEqual([])
  })

  test('a reason covers its statement alone, and has to go with it', () => {
    const migrations = [OLD, { name: '0001', statements: ['DROP INDEX `a`', 'DROP INDEX `b`'] }]
    const reasons = { 'sqlite/0001: DROP INDEX `a`': 'not used', 'sqlite/0001: DROP INDEX `c`': 'gone' }
    expect(additiveProblems('sqlite', migrations, '0000', reasons)).toEqual([
      'sqlite/0001: DROP INDEX `b`: is none of the statements that only add',
      'a reason is given for what is not there: sqlite/0001: DROP INDEX `c`',
    ])
  })
})
