// README, "Add a topic": one file defines the route, the rights and the rules.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadContracts } from '../lib/contracts/load-contracts.ts'
import { httpHarness } from './support/function-harness.ts'

// The original bug: the record in the README was refused by every topic of the repository.
test('README’s record is delivered to the topic of README’s first record', async () => {
  const record =
    /takes one record, or[\s\S]*?```json\n([\s\S]*?)\n```/.exec(readFileSync('README.md', 'utf8'))?.[1] ?? ''
  const answer = await httpHarness({ contracts: await loadContracts('contracts') }).post('chat', record)
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  const { fate, topic, partition, timestamp } = answer.body.records[0]
  assert.deepEqual([fate, topic, partition, timestamp], ['delivered', 'chat', 0, JSON.parse(record).timestamp])
})

test('README’s contract accepts a valid record over HTTP and refuses an invalid one', async () => {
  const json = /1\. Write `contracts\/orders\.json`: `(\{.*\})`/.exec(readFileSync('README.md', 'utf8'))?.[1] ?? ''
  const folder = mkdtempSync(join(tmpdir(), 'contracts-'))
  try {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'orders.json'), json)
    const harness = httpHarness({ contracts: await loadContracts(folder) })

    const good = await harness.post('orders', { value: { id: 'o-1' } })
    assert.deepEqual([good.status, good.body.records[0].fate, good.body.records[0].topic], [200, 'delivered', 'orders'])
    assert.equal((await harness.post('orders', { value: { total: 1 } })).status, 422)
    assert.equal((await harness.post('chat', { value: {} })).status, 404)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
