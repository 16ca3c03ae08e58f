// Sessions of 14 s under traffic: a new connection replaces each before the broker ends it; no record is lost or
// repeated.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readTopic } from '../../local/kafka/admin.ts'
import { type SecuredKafka, startSecuredKafka, TOPIC } from '../security-rig/secured-kafka.ts'
import { producerOf } from '../support/producer-of.ts'
import { pause } from '../support/time.ts'

const SECONDS = 45
let rig: SecuredKafka
before(async () => {
  rig = await startSecuredKafka()
})
after(() => rig.stop())

test('connections are replaced before their sessions end, and every record is delivered once', async () => {
  const producer = producerOf([rig.address('SESSION')], {
    securityProtocol: 'SASL_SSL',
    sslTruststoreLocation: rig.caFile,
    saslMechanism: 'SCRAM-SHA-512',
    saslUsername: 'alice',
    saslPassword: 'alice-secret',
  })
  const sent: string[] = []
  const failed: string[] = []
  const end = performance.now() + SECONDS * 1000
  const sender = async (name: number) => {
    for (let n = 0; performance.now() < end; n++) {
      const value = `${name}-${n}`
      sent.push(value)
      const [report] = await producer.sendAll([{ topic: TOPIC, key: value, value }])
      if (report?.kind !== 'delivered') failed.push(`${value}: ${report?.code}`)
      if (report && report.attempts > 1) failed.push(`${value}: ${report.attempts} attempts`)
      await pause(5)
    }
  }
  await Promise.all(Array.from({ length: 8 }, (_, name) => sender(name)))
  const { connectionAttempts, retries } = producer.metrics()
  await producer.close()
  const values = (await readTopic(rig.kafka.bootstrapServers, TOPIC)).map(({ value }) => String(value))

  console.log(`${sent.length} records over ${connectionAttempts} connections, ${retries} retries`)
  assert.deepEqual(failed, [])
  assert.deepEqual(values.toSorted(), sent.toSorted())
  assert.ok(connectionAttempts >= Math.floor(SECONDS / 14), `${connectionAttempts} connections`)
})
