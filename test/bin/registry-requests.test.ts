// How many requests a cold start sends to a schema registry.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { registryRequests } from '../../bin/registry-requests.ts'
import { parseContract } from '../../lib/contracts/parse-contract.ts'
import { contractFormats } from '../../lib/schema-registry/contract-formats.ts'

const notCalled = () => assert.fail('Nothing is asked for a plan.')

function contractOf(topic: string, file: object, isPinned = false) {
  const id = { registry: 'glue', versionId: 'v' } as const
  const parts = isPinned ? { pinned: { id, load: notCalled } } : { loadFormat: notCalled, open: notCalled }
  const formats = contractFormats(() => parts)
  return [topic, parseContract(topic, file, notCalled, { formats })] as const
}

const confluent = { format: 'avro', registry: 'confluent' }
const glue = { format: 'protobuf', registry: 'glue' }

test('a cold start asks once for each schema of keys and values, and for none that is pinned', () => {
  const contracts = new Map([
    contractOf('orders', { key: confluent, value: confluent }),
    contractOf('returns', { value: glue }),
    contractOf('chat', { value: { format: 'json' } }),
    contractOf('clicks', { value: glue }, true),
  ])
  assert.deepEqual(registryRequests(contracts), { confluent: 2, glue: 1 })
})
