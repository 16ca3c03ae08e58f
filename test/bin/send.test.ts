// What `send` refuses before it needs a broker.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runCommand } from '../support/command.ts'

const folder = mkdtempSync(join(tmpdir(), 'send-'))
after(() => rmSync(folder, { recursive: true }))
const contracts = join(folder, 'contracts')
mkdirSync(contracts)
writeFileSync(
  join(contracts, 'orders.json'),
  JSON.stringify({
    key: { required: false },
    value: { schema: { type: 'object', required: ['id'], properties: { total: { type: 'number' } } } },
  }),
)
const send = (...args: string[]) =>
  runCommand(['send', 'orders', '--contracts', contracts, ...args], { KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:9' })

// The original bug: the message had only the number of violations.
test('the violations of the schema are listed, without the value', async () => {
  const { status, stderr } = await send('--value', '{"total":"secret"}')
  assert.equal(status, 1)
  assert.match(stderr, /schema, not-sent/)
  assert.match(stderr, /^- \/value: expected .*id/m)
  assert.match(stderr, /^- \/value\/total: expected .*number/m)
  assert.doesNotMatch(stderr, /secret/)
  const [line = ''] = (await send('--value', '{"total":"secret"}', '--json')).stdout.split('\n')
  const { violations } = JSON.parse(line) as { violations: { pointer: string }[] }
  assert.equal(violations.length, 2)
})

test('empty lines are left out with a message, and so is an input that is empty', async () => {
  const sendLines = (input: string) =>
    runCommand(['send', 'orders', '--contracts', contracts], { KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:9' }, { input })
  assert.match((await sendLines('\n\n')).stderr, /2 empty lines skipped/)
  assert.match((await sendLines('')).stderr, /Standard input was empty: nothing was sent/)
})

// The original bug: `--header kp-id=1` was sent, although HTTP and SQS refuse the name.
test('a header of the functions is refused', async () => {
  const { status, stderr } = await send('--value', '{"id":"1"}', '--header', 'KP-id=1')
  assert.equal(status, 2)
  assert.match(stderr, /expected no name that begins with kp-, got KP-id/)
})
