// A confirmation covers only the dead letters that were shown: later ones are neither discarded nor sent.
import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { Command } from 'commander'
import { addDeadLetters } from '../../bin/dead-letters.ts'
import { DiskDeadLetterTarget } from '../../lib/dead-letter/disk/target.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { environmentOf, idsIn, inPlace, placeOf } from '../support/stored-dead-letters.ts'

/** Runs a command in this process, with a terminal on which a person answers after `meanwhile`. */
async function answering(t: TestContext, args: string, answer: string, meanwhile: () => Promise<void>) {
  const terminal = Object.assign(new PassThrough(), { isTTY: true })
  const stdin = Object.getOwnPropertyDescriptor(process, 'stdin') as PropertyDescriptor
  Object.defineProperty(process, 'stdin', { configurable: true, value: terminal })
  t.after(() => Object.defineProperty(process, 'stdin', stdin))
  let printed = ''
  t.mock.method(process.stderr, 'write', (text: string) => {
    printed += text
    if (text.includes('[y/N]')) void meanwhile().then(() => terminal.write(`${answer}\n`))
    return true
  })
  const program = new Command()
  addDeadLetters(program)
  await program.parseAsync(args.split(' '), { from: 'user' })
  const { exitCode } = process
  process.exitCode = undefined
  t.mock.restoreAll()
  return { printed, exitCode }
}

// The original bug: 26 dead letters were discarded after a yes to one.
test('discard completes only dead letters that existed when it asked, and none without a yes', async t => {
  const place = await placeOf([deadLetterOf('before')])
  Object.assign(process.env, environmentOf(place))
  const later = async () => {
    const target = new DiskDeadLetterTarget(place)
    await target.store([deadLetterOf('later', 'v', 'chat', Date.now())])
    await target.close()
  }
  const refused = await answering(t, 'dead-letters discard --topic chat', 'n', async () => {})
  assert.match(refused.printed, /Nothing was discarded/)
  assert.equal(refused.exitCode, 1)
  const { printed, exitCode } = await answering(t, 'dead-letters discard --topic chat', 'y', later)
  assert.match(printed, /Discard 1 dead letter, failed until \S+Z, for good\?/)
  assert.match(printed, /1 dead letter discarded\./)
  assert.equal(exitCode, undefined)
  assert.deepEqual(idsIn((await inPlace(place)('dead-letters list --json')).stdout), ['later'])
})
