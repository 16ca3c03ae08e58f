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

for (const dialect of ['2020-12', 'draft-07'] satisfies SchemaDialect[])
  test(`${dialect}: a reference to a name that the schema only inherits can't be resolved`, async () => {
    const ajv = await createAjv(true, dialect)
    const definitions = { a: { type: 'string' }, constructor: { type: 'number' }, 'to/String': { type: 'boolean' } }
    const failure = (schema: object) => {
      try {
        ajv.compile(schema)
      } catch (error) {
        return (error as Error).message
      }
    }
    const of = (reference: string) => ({ definitions, properties: { x: { $ref: reference } } })
    for (const missing of [
      'definitions/toString',
      'definitions/missing',
      'definitions/a/valueOf',
      'constructor',
      '__proto__',
      'x%20y',
    ])
      assert.equal(failure(of(`#/${missing}`)), `can't resolve reference #/${missing} from id #`)
    const others = [
      { $id: 'http://e.x/a', properties: { x: { $ref: 'a#/definitions/toString' } } },
      { $id: 'http://e.x/b', definitions: {}, properties: { x: { $ref: 'b#/definitions/__proto__' } } },
      { properties: { x: { $id: 'http://e.x/c', properties: { y: { $ref: '#/definitions/constructor' } } } } },
      { properties: { x: { $ref: 'constructor' } } },
      { properties: { x: { $ref: '__proto__' } } },
      { anyOf: [true], properties: { x: { $ref: '#/anyOf/concat' }, y: { $ref: '#/anyOf/__proto__' } } },
      { title: 'x', properties: { x: { $ref: '#/title/constructor' } } },
      { title: 'x', properties: { x: { $ref: '#/title/constructor/prototype' } } },
      { minimum: 5, properties: { x: { $ref: '#/minimum/toFixed' } } },
      { minimum: 5, properties: { x: { $ref: '#/minimum/constructor/prototype' } } },
      { minimum: 5, properties: { x: { $ref: '#/minimum' } } },
    ]
    for (const schema of others)
      assert.match(failure(schema) ?? '', /^can't resolve reference /, JSON.stringify(schema))
    assert.equal(ajv.compile(of('#/definitions/constructor'))({ x: 1 }), true)
    assert.equal(ajv.compile(of('#/definitions/constructor'))({ x: 'no' }), false)
    assert.equal(ajv.compile(of('#/definitions/to~1String'))({ x: true }), true)
    // A reference to the schema itself is not looked up.
    assert.equal(failure(of('#')), undefined)
    assert.equal(ajv.compile(of('#/properties'))({ x: 5 }), true)
  })

test('an anchor with an inherited name is refused, and another name works', async () => {
  const compile = await createSchemaCompiler()
  for (const schema of [
    { properties: { x: { $dynamicRef: '#constructor' } } },
    { $defs: { a: { $dynamicAnchor: 'toString', type: 'string' } }, properties: { x: { $dynamicRef: '#toString' } } },
  ])
    assert.throws(() => compile('t', schema), /\$dynamic\w+: expected a name that not every object has, got \w+/)
  const check = compile('t', {
    $dynamicAnchor: 'node',
    properties: { next: { $dynamicRef: '#node' } },
    type: 'object',
  })
  const counts = [{ next: { next: {} } }, { next: { next: 5 } }].map(value => check(value).violations.length)
  assert.deepEqual(counts, [0, 1])
})

test('unevaluatedProperties refuses inherited names where alternatives decide what is evaluated', async () => {
  const ajv = await createAjv(true)
  const alternatives = { anyOf: [{ properties: { a: { type: 'string' } } }, { properties: { b: true } }] }
  const branches = parse('{"if":{"properties":{"a":{"const":1}},"required":["a"]},"then":{"properties":{"b":true}}}')
  for (const unevaluatedProperties of [false, { type: 'string' }])
    for (const name of [...NAMES, '__proto__', 'zzz']) {
      const other = parse(`{"a":"1","${name}":2}`)
      assert.equal(ajv.validate({ ...alternatives, unevaluatedProperties }, other), false, name)
      assert.equal(ajv.validate({ ...alternatives, unevaluatedProperties }, { a: '1', b: 2 }), true)
      assert.equal(
        ajv.validate({ ...branches, unevaluatedProperties }, parse(`{"a":1,"b":1,"${name}":2}`)),
        false,
        name,
      )
      assert.equal(ajv.validate({ ...branches, unevaluatedProperties }, { a: 1, b: 1 }), true)
    }
})

test('a const compares fields, whatever their names, and its violation shows what is expected', async () => {
  const compile = await createSchemaCompiler()
  const takes = (constant: unknown, value: unknown) =>
    compile('chat', { properties: { k: { const: constant } } })({ k: value }).violations.length === 0
  for (const name of NAMES) {
    assert.equal(takes({ a: 1 }, { [name]: 1 }), false, name)
    assert.equal(takes([{ a: 1 }], [{ [name]: {} }]), false, name)
    assert.equal(takes({ [name]: { a: 1 } }, { [name]: { a: 1 } }), true, name)
    assert.equal(takes({ [name]: 1 }, {}), false, name)
  }
  assert.equal(takes({ a: 1, b: [2] }, { b: [2], a: 1 }), true)
  assert.equal(takes([1, 2], [2, 1]), false)
  const { violations } = compile('chat', { const: { a: [1] } })({ a: [2] })
  assert.deepEqual(violations, [{ pointer: '/value', rule: 'const', expected: '{"a":[1]}' }])
})

test('a schema for a property __proto__, which would check nothing, is refused when it is compiled', async () => {
  const compile = await createSchemaCompiler()
  for (const keyword of ['properties', 'patternProperties', 'dependentSchemas'])
    assert.throws(
      () => compile('chat', parse(`{"${keyword}":{"__proto__":{"type":"string"}}}`)),
      /contracts\/chat\.json: value\.schema: expected \w+ without __proto__/,
    )
})
