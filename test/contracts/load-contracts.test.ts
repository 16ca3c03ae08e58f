// Loading contracts from files needs optional packages; without them the library can be bundled and used.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { InvalidRecordError, KafkaProducer, loadContracts, parseConfig } from '../../lib/index.ts'
import { ScriptedKafkaClient } from '../../lib/testing/index.ts'
import { systemClock } from '../../lib/time/clock.ts'

const folder = mkdtempSync(join(tmpdir(), 'contracts-'))
after(() => rmSync(folder, { recursive: true }))
const schema = { type: 'object', required: ['id'] }
writeFileSync(join(folder, 'orders.json'), JSON.stringify({ key: { from: ['value:/id'] }, value: { schema } }))

test('a program can load the contracts of a folder', async () => {
  const producer = new KafkaProducer(parseConfig({ bootstrapServers: ['a:1'] }, {}), {
    client: new ScriptedKafkaClient({ partitions: 1, brokers: 1, clock: systemClock }),
    rules: { contracts: await loadContracts(folder) },
  })
  assert.equal((await producer.send({ topic: 'orders', value: { id: 'o-1' } })).topic, 'orders')
  await assert.rejects(producer.send({ topic: 'orders', value: {} }), InvalidRecordError)
  await producer.close()
})

test('without Ajv a bundle can be built, and loading contracts names the packages to install', async () => {
  const outfile = join(folder, 'bundle.mjs')
  const { errors, warnings } = await build({
    entryPoints: ['lib/contracts/load-contracts.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    alias: { ajv: 'ajv-not-installed', 'ajv-formats': 'ajv-formats-not-installed' },
    logLevel: 'silent',
  })
  assert.deepEqual([errors, warnings], [[], []])
  const bundle = (await import(pathToFileURL(outfile).href)) as { loadContracts: typeof loadContracts }
  await assert.rejects(bundle.loadContracts(folder), /npm install ajv ajv-formats/)
})
