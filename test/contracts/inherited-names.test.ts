// Every JavaScript object inherits `constructor` and other names: a value without these properties used to be refused,
// or to be treated as if it had them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAjv, type SchemaDialect } from '../../lib/contracts/create-ajv.ts'
import { createSchemaCompiler } from '../../lib/contracts/schema-compiler.ts'

const NAMES = ['constructor', 'toString', 'hasOwnProperty', 'valueOf', 'isPrototypeOf']
const parse = (text: string): object => JSON.parse(text)

for (const dialect of ['2020-12', 'draft-07'] satisfies SchemaDialect[])
  test(`${dialect}: a property is there only if the value itself has it`, async () => {
    const ajv = await createAjv(true, dialect)
    const takes = (schema: object, value: unknown) => ajv.compile(schema)(value)
    for (const name of NAMES) {
      assert.equal(takes({ required: [name] }, {}), false, `required ${name}`)
      assert.equal(takes({ required: [name] }, { [name]: 1 }), true, `required ${name}`)
      assert.equal(takes({ properties: { [name]: { type: 'string' } } }, {}), true, name)
      assert.equal(takes({ properties: { [name]: { type: 'string' } } }, { [name]: 1 }), false, name)
      assert.equal(takes({ dependencies: { [name]: ['x'] } }, {}), true, `dependencies of ${name}`)
      assert.equal(takes({ dependencies: { a: [name] } }, { a: 1 }), false, `dependencies on ${name}`)
      assert.equal(takes({ additionalProperties: false }, { [name]: 1 }), false, `additional ${name}`)
    }
    assert.equal(takes({ required: ['__proto__'] }, {}), false)
    assert.equal(takes({ required: ['__proto__'] }, parse('{"__proto__":1}')), true)
  })

test('a schema for a property __proto__, which would check nothing, is refused when it is compiled', async () => {
  const compile = await createSchemaCompiler()
  for (const keyword of ['properties', 'dependentSchemas'])
    assert.throws(
      () => compile('chat', parse(`{"${keyword}":{"__proto__":{"type":"string"}}}`)),
      /contracts\/chat\.json: value\.schema: expected (properties|dependentSchemas) without __proto__/,
    )
})
