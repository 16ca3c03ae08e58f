// Generated Avro schemas and values: another library reads what is written, and a value that does not fit has
// violations with pointers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { atPointer } from '../../lib/contracts/pointer.ts'
import { isInstance, SerializationError } from '../../lib/errors.ts'
import { avroEncoder, jsonText } from '../support/avro/avro-encoder.ts'
import { avscReader } from '../support/avro/avsc-type.ts'
import { SchemaMaker, seeded } from '../support/avro/schemas.ts'
import { ValueMaker } from '../support/avro/values.ts'

const numRuns = Number(process.env.FAST_CHECK_RUNS ?? 300)

test('another library reads what is written', () => {
  fc.assert(
    fc.property(fc.integer(), seed => {
      const random = seeded(seed)
      const node = new SchemaMaker(random, false).schema()
      const { json, avro } = new ValueMaker(random).forms(node)
      const bytes = avroEncoder(JSON.stringify(node.schema)).encode(jsonText(json))
      assert.deepEqual(avscReader(node.schema)(bytes), avro)
    }),
    { numRuns },
  )
})

test('a value of another schema is written, or each violation points into it', () => {
  let refused = 0
  fc.assert(
    fc.property(fc.integer(), seed => {
      const random = seeded(seed)
      const [node, other] = [new SchemaMaker(random, false).schema(), new SchemaMaker(random, false).schema()]
      const text = jsonText(new ValueMaker(random).forms(other).json)
      const violations = violationsOf(node.schema, text)
      if (violations.length > 0) refused++
      for (const { pointer } of violations) assert.notEqual(atPointer(text.parsed, pointer), undefined, pointer)
    }),
    { numRuns },
  )
  assert.ok(refused > numRuns / 4, `${refused} refused`)
})

test('whatever a program passes is written or refused', () => {
  const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withTypedArray: true })
  fc.assert(
    fc.property(fc.integer(), anything, (seed, value) => {
      violationsOf(new SchemaMaker(seeded(seed), false).schema().schema, value)
    }),
    { numRuns },
  )
})

/** None where the value is written, and another library reads it. */
function violationsOf(schema: unknown, value: unknown): SerializationError['violations'] {
  const encoder = avroEncoder(JSON.stringify(schema))
  let bytes: Uint8Array
  try {
    bytes = encoder.encode(value)
  } catch (error) {
    assert.ok(isInstance(error, SerializationError) && error.code === 'schema', String(error))
    assert.ok(error.violations.length > 0)
    return error.violations
  }
  avscReader(schema)(bytes)
  return []
}
