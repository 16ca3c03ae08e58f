// The doctor's checks of a cluster, its topics and permissions, on scripted brokers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import type { Check } from '../../lib/doctor/check.ts'
import { checkCluster, checkDeadLetterTopics } from '../../lib/doctor/check-cluster.ts'
import { ScriptedBrokers } from '../fakes/scripted-brokers.ts'

const CORRUPT_MESSAGE = 2
const COORDINATOR_LOAD_IN_PROGRESS = 14
const TOPIC_AUTHORIZATION_FAILED = 29

// The original bug: just after a start of the cluster, the advice repeated the error.
test('an answer of a cluster that is still starting says that it passes', async () => {
  const brokers = await ScriptedBrokers.start({
    leaders: [0],
    script: { onProduce: () => ({ errorCode: CORRUPT_MESSAGE }) },
  })
  brokers.initProducerIdError = COORDINATOR_LOAD_IN_PROGRESS
  const config = parseConfig({ bootstrapServers: brokers.addresses, securityProtocol: 'PLAINTEXT' }, {})
  const checks: Check[] = []
  await checkCluster(config, [], check => checks.push(check))
  await brokers.stop()
  const check = checks.find(({ name }) => name === 'producer id')
  assert.equal(check?.detail, 'COORDINATOR_LOAD_IN_PROGRESS')
  assert.match(check?.advice ?? '', /^Temporary: .*again in a minute/)
})

test('a client.rack in which no broker is is a warning that names the racks', async t => {
  const script = { onProduce: () => ({ errorCode: CORRUPT_MESSAGE }) }
  const brokers = await ScriptedBrokers.start({ leaders: [0, 1], brokers: 2, script })
  t.after(() => brokers.stop())
  const checkOf = async (racks: readonly (string | null)[], options: ProducerOptions) => {
    brokers.racks = racks
    const config = parseConfig({ bootstrapServers: brokers.addresses, ...options }, {}, () => undefined)
    const checks: Check[] = []
    await checkCluster(config, [], check => checks.push(check))
    const check = checks.find(({ name }) => name === 'client.rack')
    return check && `${check.status}: ${check.detail}`
  }
  const inRack = (clientRack: string) => ({ partitionerRackAware: true, clientRack })
  assert.equal(await checkOf(['az1', 'az2'], {}), undefined)
  assert.equal(await checkOf(['az2', 'az1'], inRack('az1')), 'ok: az1; brokers are in az1, az2')
  assert.equal(await checkOf(['az1', null], inRack('lambda:az-id')), 'ok: lambda:az-id; brokers are in az1')
  assert.equal(await checkOf(['az1', 'az2'], inRack('a')), 'warning: no broker is in a; brokers are in az1, az2')
  assert.equal(await checkOf([null, null], inRack('az1')), 'warning: no broker has a rack')
})

async function statuses(produceError: number) {
  const brokers = await ScriptedBrokers.start({
    leaders: [0, 1],
    script: { onProduce: () => ({ errorCode: produceError }) },
  })
  const config = parseConfig({ bootstrapServers: brokers.addresses, securityProtocol: 'PLAINTEXT' }, {})
  const checks: Check[] = []
  await checkCluster(config, ['t'], check => checks.push(check))
  await brokers.stop()
  return Object.fromEntries(checks.map(({ name, status, detail }) => [name, `${status}: ${detail}`]))
}

test('without the right DESCRIBE_CONFIGS all other checks run', async () => {
  const checks = await statuses(CORRUPT_MESSAGE)
  const names = Object.keys(checks).map(name => name.replace(/ 127.*/, ''))
  assert.deepEqual(names.sort(), [
    'ApiVersions',
    'TLS',
    'authentication',
    'broker 0',
    'broker 1',
    'producer id',
    'replication t',
    'rights t',
    'topic t',
  ])
  assert.equal(checks['topic t'], 'ok: 2 partition(s)')
  assert.equal(checks['rights t'], 'ok: may write')
  assert.match(checks['replication t'] ?? '', /min\.insync\.replicas not known \(DESCRIBE_CONFIGS\)/)
})

// The original bug: the check passed because the producer may write there, although compaction deletes dead letters.
test('a dead-letter topic that is compacted fails its check', async () => {
  const topic = 't-dlt'
  const brokers = await ScriptedBrokers.start({ topic, leaders: [0] })
  const config = parseConfig({ bootstrapServers: brokers.addresses, securityProtocol: 'PLAINTEXT' }, {})
  for (const [policy, expected] of [
    ['compact,delete', 'failed: cleanup.policy has compact'],
    ['delete', 'ok: may write'],
  ] as const) {
    brokers.topicSettings = { 'cleanup.policy': policy }
    brokers.script.onProduce = () => ({ errorCode: CORRUPT_MESSAGE })
    const checks: Check[] = []
    await checkDeadLetterTopics(config, undefined, [topic], check => checks.push(check))
    assert.deepEqual(
      checks.map(({ name, status, detail }) => [name, `${status}: ${detail}`]),
      [[`dead letters kafka:${topic}`, expected]],
    )
  }
  await brokers.stop()
})

test('the right to write is checked without writing a record', async () => {
  const checks = await statuses(TOPIC_AUTHORIZATION_FAILED)
  assert.equal(checks['rights t'], 'failed: TOPIC_AUTHORIZATION_FAILED')
})
