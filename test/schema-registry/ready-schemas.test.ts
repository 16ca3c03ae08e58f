// The cache of compiled schemas is bounded, because a program may write to any number of topics.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProducerConfig } from '../../lib/config/settings.ts'
import { ReadySchemas } from '../../lib/schema-registry/ready-schemas.ts'
import { unusableSchema } from '../../lib/schema-registry/unusable-schema.ts'
import { registeredSchema, ScriptedRegistry } from '../support/scripted-registry.ts'
import { serializerContext } from '../support/serializer-context.ts'

const SUBJECTS = ['a', 'b', 'c', 'd']

function setUp(length: number, maxKept?: number) {
  const compiled: string[] = []
  const config = {} as ProducerConfig
  const schemas = SUBJECTS.map(
    subject => [subject, registeredSchema('JSON', `"${subject.padEnd(length - 2)}"`)] as const,
  )
  const registry = new ScriptedRegistry(Object.fromEntries(schemas))
  const ready = new ReadySchemas(
    {
      loadFormat: async () => ({
        type: 'JSON',
        compile: ({ text }) => {
          const subject = text.slice(1, 2)
          compiled.push(subject)
          if (subject === 'd') throw unusableSchema('expected another')
          return { encode: () => new Uint8Array() }
        },
      }),
      open: async () => registry,
    },
    undefined,
    maxKept,
  )
  const find = (subject: string) =>
    ready.find({ by: 'version', subject, version: 'latest' }, { ...serializerContext(), config })
  const kept = () => SUBJECTS.filter(subject => ready.get(subject, config))
  return { find, kept, compiled, use: (subject: string) => ready.get(subject, config) }
}

test('the least recently used compiled schema is dropped above the limit, and compiled again', async () => {
  // The original bug: they were kept for the container's life, so a program that writes to more and more topics ran out
  // of memory.
  const { find, kept, use, compiled } = setUp(100, 2 * (40_000 + 200 * 100))
  for (const subject of ['a', 'b']) await find(subject)
  use('a')
  await find('c')
  assert.deepEqual(kept(), ['a', 'c'])
  await Promise.all([find('b'), find('b')])
  assert.deepEqual(compiled, ['a', 'b', 'c', 'b'])
})

test('what compiled schemas take is bounded by their length, by default too; the latest one is kept', async () => {
  const { find, kept } = setUp(150_000)
  for (const subject of ['a', 'b', 'c']) await find(subject)
  assert.deepEqual(kept(), ['b', 'c'])
  const { find: findLong, kept: keptLong } = setUp(1_000_000)
  for (const subject of ['a', 'b']) await findLong(subject)
  assert.deepEqual(keptLong(), ['b'])
})

test('a schema that can’t be compiled is not compiled again with every record', async () => {
  const { find, kept, compiled } = setUp(100)
  for (let record = 0; record < 3; record++) await assert.rejects(find('d'), { code: 'schema-unusable' })
  assert.deepEqual([compiled, kept()], [['d'], []])
})
