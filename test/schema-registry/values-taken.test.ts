// A value is copied when it is sent, so changes while its schema is loaded have no effect.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { defineContract } from '../../lib/contracts/define-contract.ts'
import { NamedRegistrySerializer } from '../../lib/named-registry-serializer.ts'
import {
  ConfluentAvroSerializer,
  ConfluentJsonSchemaSerializer,
  ConfluentProtobufSerializer,
  registryCodec,
} from '../../lib/schema-registry/index.ts'
import { RecordSerializer } from '../../lib/serialize/record-serializer.ts'
import type { SerializedData } from '../../lib/serialize/serializer.ts'
import { snapshot } from '../../lib/serialize/snapshot.ts'
import { validateRecord } from '../../lib/validate/record-validator.ts'
import { RegistryServer } from '../fakes/registry-server.ts'
import { registeredSchema, ScriptedRegistry } from '../support/scripted-registry.ts'
import { serializerContext } from '../support/serializer-context.ts'

const AVRO = JSON.stringify({ type: 'record', name: 'R', fields: [{ name: 'n', type: 'int' }] })
const PROTO = 'syntax = "proto3"; message R { int32 n = 1; }'
const bytesOf = (data: SerializedData) => Buffer.from(data as Uint8Array).subarray(5)

type Send = (value: unknown) => SerializedData | Promise<SerializedData>

/** What is written of one object that changes after each call, before and after its schema is here. */
async function writtenOf(send: Send): Promise<readonly Buffer[]> {
  const value = { n: 0 }
  const next = (n: number) => {
    value.n = n
    return send(value)
  }
  const first = [next(1), next(2), next(3)]
  value.n = 9
  const written = await Promise.all(first)
  return [...written, await next(4)].map(bytesOf)
}

const AVRO_BYTES = ['02', '04', '06', '08'].map(hex => Buffer.from(hex, 'hex'))

for (const [type, text, Serializer, expected] of [
  ['AVRO', AVRO, ConfluentAvroSerializer, AVRO_BYTES],
  ['PROTOBUF', PROTO, ConfluentProtobufSerializer, [1, 2, 3, 4].map(n => Buffer.from([0, 8, n]))],
  ['JSON', '{"type":"object"}', ConfluentJsonSchemaSerializer, [1, 2, 3, 4].map(n => Buffer.from(`{"n":${n}}`))],
] as const)
  test(`a ${type} serializer writes what a value was when it was sent`, async () => {
    const serializer = new Serializer({ registry: new ScriptedRegistry({ 't-value': registeredSchema(type, text) }) })
    assert.deepEqual(await writtenOf(value => serializer.serialize(value, serializerContext())), expected)
  })

test('a serializer chosen by name and a contract’s codec also write a value as it was when sent', async t => {
  const { url } = await RegistryServer.start(t, () => ({ body: { id: 7, version: 1, schema: AVRO } }))
  const config = parseConfig({ bootstrapServers: ['a:1'], schemaRegistryUrl: [url] }, {})
  const named = new NamedRegistrySerializer('confluent-avro', config)
  assert.deepEqual(await writtenOf(value => named.serialize(value, serializerContext())), AVRO_BYTES)
  const codec = registryCodec({ format: 'avro', registry: 'confluent' })
  const contracts = new Map([['t', defineContract('t', { key: { required: false, codec }, value: { codec } })]])
  const serializer = new RecordSerializer(1_000_000, { config })
  const { signal } = new AbortController()
  const send = (fields: object) =>
    Promise.resolve(
      serializer.serialize(validateRecord({ topic: 't', value: { n: 0 }, ...fields }, { contracts }), () => signal),
    )
  assert.deepEqual(await writtenOf(async value => (await send({ value })).value), AVRO_BYTES)
  const keys = await writtenOf(async key => (await send({ key })).key)
  assert.deepEqual(keys, AVRO_BYTES)
})

test('the copy has everything that an encoder reads, and none of the later changes', () => {
  class Money {
    amount = 5n
    readonly #hidden = 1
    get hidden() {
      return this.#hidden
    }
  }
  class Id {
    id = { text: 'a' }
    toJSON() {
      return this.id
    }
  }
  class Same {
    n = 1
    toJSON() {
      return this
    }
  }
  const value = {
    list: Object.assign([1] as unknown[], { 2: { a: [1] } }),
    map: new Map<string, unknown>([['a', { b: 1 }]]),
    date: new Date(5),
    bytes: new Uint8Array([1, 2]),
    ...{ money: new Money(), id: new Id(), same: new Same(), set: new Set([1]) },
    self: undefined as unknown,
  }
  Object.defineProperty(value, '__proto__', { value: 1, enumerable: true })
  value.self = value
  const copy = snapshot(value) as typeof value
  assert.deepEqual(Object.keys(copy), Object.keys(value))
  assert.equal(copy.self, copy)
  assert.ok(!(1 in copy.list) && copy.list.length === 3)
  assert.ok(copy.money instanceof Money && copy.same instanceof Same)
  assert.equal(copy.set, value.set)
  value.list.push(4)
  ;(value.list[2] as { a: number[] }).a.push(2)
  ;(value.map.get('a') as { b: number }).b = 2
  value.date.setTime(6)
  value.bytes[0] = 9
  value.money.amount = 6n
  value.id.id.text = 'b'
  value.same.n = 2
  assert.deepEqual(copy.list[2], { a: [1] })
  assert.deepEqual(copy.map, new Map([['a', { b: 1 }]]))
  assert.deepEqual([copy.date.getTime(), [...copy.bytes], copy.money.amount], [5, [1, 2], 5n])
  assert.deepEqual([copy.id, copy.same.n], [{ text: 'a' }, 1])
})

test('a value that can’t be read is an invalid record, without its error’s words', () => {
  const secret = () => {
    throw new Error('hunter2')
  }
  for (const value of [Object.defineProperty({}, 'a', { get: secret, enumerable: true }), { toJSON: secret }])
    assert.throws(
      () => snapshot(value),
      (error: Error & { kind: string }) => error.kind === 'invalid-record' && !error.message.includes('hunter2'),
    )
})
