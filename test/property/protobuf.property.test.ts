// Values of generated Protobuf schemas: two other readers see in the bytes what was written.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFileRegistry, type DescMessage, fromBinary, toJson } from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import fc from 'fast-check'
import protobufjs from 'protobufjs'
import { isJsonObject, type JsonObject } from '../../lib/record/json-object.ts'
import { JsonText } from '../../lib/record/json-text.ts'
import { descriptorsOf } from '../../lib/schema-registry/protobuf/descriptors-of.ts'
import { protobufFormat } from '../../lib/schema-registry/protobuf/protobuf-format.ts'
import { pick, randomSchema, seededRandom } from '../support/protobuf/random-schema.ts'
import { randomValue } from '../support/protobuf/random-value.ts'
import { protobufSchema } from '../support/protobuf-schema.ts'

const SEEDS = fc.noShrink(fc.integer({ min: 0, max: 2 ** 32 - 1 }))

async function encoded(seed: number) {
  const random = seededRandom(seed)
  const { text, messages } = randomSchema(random, 'generated')
  const message = pick(random, messages)
  const value = randomValue(random, message)
  const schema = protobufSchema(text)
  const encoder = await protobufFormat.compile(schema, { message: message.fullName })
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, await descriptorsOf(schema)))
  const type = registry.getMessage(message.fullName)
  assert.ok(type)
  const bytes = encoder.encode(new JsonText(value, JSON.parse(value)))
  return { text, encoder, registry, type, bytes }
}

test('the canonical JSON of what was written is written in the same way', async () => {
  await fc.assert(
    fc.asyncProperty(SEEDS, async seed => {
      const { encoder, registry, type, bytes } = await encoded(seed)
      const again = encoder.encode(toJson(type, fromBinary(type, bytes), { registry }))
      assert.deepEqual(Buffer.from(again), Buffer.from(bytes))
    }),
    { numRuns: 100 },
  )
})

/** Of well-known types the two readers have different forms. */
function assertSame(type: DescMessage, ours: JsonObject, theirs: JsonObject): void {
  const names = type.fields.filter(({ message }) => !message?.typeName.startsWith('google.')).map(({ name }) => name)
  const present = (fields: JsonObject) => names.filter(name => fields[name] !== undefined)
  assert.deepEqual(present(ours), present(theirs))
  for (const field of type.fields.filter(({ name }) => present(ours).includes(name))) {
    const [one, other] = [ours[field.name], theirs[field.name]].map(value =>
      field.fieldKind === 'list'
        ? (value as unknown[])
        : field.fieldKind === 'map'
          ? Object.values(value as object)
          : [value],
    ) as [unknown[], unknown[]]
    assert.equal(one.length, other.length)
    for (const [index, value] of one.entries()) {
      if (field.message && isJsonObject(value)) assertSame(field.message, value, other[index] as JsonObject)
      else assert.equal(String(value), String(other[index]), field.name)
    }
  }
}

test('protobufjs reads what was written', async () => {
  let fieldCount = 0
  await fc.assert(
    fc.asyncProperty(SEEDS, async seed => {
      const { text, registry, type, bytes } = await encoded(seed)
      // It does not parse a group in a oneof.
      fc.pre(!text.includes('group '))
      const { root } = protobufjs.parse(text, { keepCase: true })
      for (const [name, file] of Object.entries(
        protobufjs.common as unknown as Record<string, { nested?: Parameters<protobufjs.Root['addJSON']>[0] }>,
      ))
        if (text.includes(name) && file.nested) root.addJSON(file.nested)
      const theirType = root.lookupType(type.typeName)
      const theirs = theirType.toObject(theirType.decode(bytes), { longs: String, enums: String, bytes: String })
      const ours = toJson(type, fromBinary(type, bytes), { registry, useProtoFieldName: true })
      assert.ok(isJsonObject(ours))
      fieldCount += Object.keys(ours).length
      assertSame(type, ours, theirs)
    }),
    { numRuns: 100 },
  )
  assert.ok(fieldCount > 100)
})
