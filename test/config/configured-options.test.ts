// The options that parts of the producer get from a configuration: only those that they need, and no secret.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { deriveConfig } from '../../lib/config/derive-config.ts'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { clientOptionsOf, mskOptionsOf, senderOptionsOf } from '../../lib/configured-options.ts'

const config = parseConfig(
  {
    bootstrapServers: 'a:1,b:2',
    securityProtocol: 'SASL_SSL',
    saslMechanism: 'PLAIN',
    saslUsername: 'u',
    saslPassword: 'hunter2',
    sslKeystoreCertificateChain: 'c',
    sslKeystoreKey: 'hunter3',
    sslKeyPassword: 'hunter4',
    acks: 1,
    socketConnectionSetupTimeoutMs: 1234,
    connectionsMaxIdleMs: 5678,
    maxInFlightRequestsPerConnection: 3,
  },
  {},
)

test('sender, client and MSK look-up get only the options that they need, and no secret', () => {
  assert.deepEqual(senderOptionsOf(config), {
    acks: 1,
    idempotent: false,
    maxInFlight: 3,
    retries: 100,
    retryBackoffMs: 50,
    retryBackoffMaxMs: 1000,
    requestTimeoutMs: 3000,
    connectTimeoutMs: 1234,
    ackTimeoutMs: 2500,
    maxRequestSize: 1_048_576,
    metadataMaxAgeMs: 300_000,
    maxBlockMs: 5000,
    availabilityTimeoutMs: 0,
  })
  assert.deepEqual(clientOptionsOf(config), {
    clientId: 'serverless-kafka-producer',
    connectTimeoutMs: 1234,
    requestTimeoutMs: 3000,
    maxIdleMs: 5678,
    reconnectBackoffMs: 50,
    reconnectBackoffMaxMs: 1000,
  })
  assert.deepEqual(mskOptionsOf(config), {
    mskClusterArn: undefined,
    mskNetwork: 'private',
    bootstrapServers: ['a:1', 'b:2'],
    securityProtocol: 'SASL_SSL',
    saslMechanism: 'PLAIN',
  })
  assert.deepEqual(
    (['all', 1, 0] as const).map(acks => senderOptionsOf(deriveConfig(config, { acks })).acks),
    [-1, 1, 0],
  )
})

test('a derived configuration is frozen and shows no secret either', () => {
  const derived = deriveConfig(config, { bootstrapServers: ['c:3'], saslUsername: undefined })
  assert.deepEqual([derived.bootstrapServers, derived.saslUsername], [['c:3'], undefined])
  assert.equal(derived.saslPassword, 'hunter2')
  assert.ok(Object.isFrozen(derived))
  for (const text of [inspect(derived), JSON.stringify(derived)]) assert.doesNotMatch(text, /hunter/)
})
