// Unknown KAFKA_ settings when packaging.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { environmentOf } from '../../scripts/template/environment.ts'

const SERVERS = { KAFKA_BOOTSTRAP_SERVERS: 'a:9094,b:9094,c:9094', KAFKA_SECURITY_PROTOCOL: 'SSL' }

test('a misspelled setting is named with the one that is meant; other programs’ variables are not', async () => {
  const warned = once(process, 'warning')
  const environment = environmentOf({ ...SERVERS, KAFKA_COMPRESION_TYPE: 'zstd', KAFKA_HOME: '/opt/kafka' }, new Map())
  const [warning] = (await warned) as [Error]
  assert.equal(
    warning.message,
    'KAFKA_COMPRESION_TYPE is not a known setting and is ignored; the nearest one is KAFKA_COMPRESSION_TYPE.',
  )
  assert.equal(environment.KAFKA_COMPRESSION_TYPE, 'gzip')
})
