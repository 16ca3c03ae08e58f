// The TypeScript types of Avro schemas, and that the compiler accepts the right values.
import assert from 'node:assert/strict'
import test from 'node:test'
import { avroToTypeScript } from '../../lib/schema-registry/avro/avro-to-typescript.ts'
import { compileErrors } from '../support/compile-errors.ts'

function typesOf(schema: unknown, name = 'Orders'): string {
  return avroToTypeScript({ text: JSON.stringify(schema), imports: new Map() }, name)
}

const ORDER = {
  type: 'record',
  name: 'Order',
  namespace: 'com.example',
  doc: 'An order. */ export type X = 1 /*',
  fields: [
    { name: 'id', type: { type: 'string', logicalType: 'uuid' } },
    { name: 'number', type: 'long', doc: 'Counts\n  from 1.' },
    { name: 'total', type: { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 } },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'state', type: { type: 'enum', name: 'State', symbols: ['OPEN', 'PAID'] }, default: 'OPEN' },
    { name: 'address', type: ['null', { type: 'record', name: 'Address', fields: [{ name: 'zip', type: 'string' }] }] },
    { name: 'other', type: ['null', 'string'], default: null },
    { name: 'parts', type: { type: 'array', items: 'Order' } },
    { name: 'tags', type: { type: 'map', values: ['int', 'long'] } },
    { name: 'not-a-name', type: ['null', 'boolean'] },
    { name: 'again', type: { type: 'record', name: 'x.Address', fields: [] } },
  ],
}

test('the types of a schema', () => {
  assert.equal(
    typesOf(ORDER),
    `/** An order. *\\/ export type X = 1 /* */
export type Orders = {
  readonly id: string
  /**
   * Counts
   * from 1.
   */
  readonly number: number | bigint
  readonly total: string | number | bigint | Uint8Array
  readonly at: number | bigint | string | Date
  readonly state?: OrdersState | undefined
  readonly address: null | OrdersAddress | { readonly "com.example.Address": OrdersAddress }
  readonly other?: null | string | { readonly string: string } | undefined
  readonly parts: readonly (Orders)[]
  readonly tags: { readonly [name: string]: { readonly int: number } | { readonly long: number | bigint } }
  readonly "not-a-name": null | boolean | { readonly boolean: boolean }
  readonly again: OrdersXAddress
}

export type OrdersState = "OPEN" | "PAID"

export type OrdersAddress = {
  readonly zip: string
}

export type OrdersXAddress = { readonly [name: string]: never }
`,
  )
})

const VALUE = `{
  id: '', number: 1n, total: '1.5', at: new Date(), address: { zip: '' }, parts: [], tags: { a: { int: 1 } },
  'not-a-name': null, again: {} }`

test('the types compile', t => {
  assert.deepEqual(compileErrors(t, `${typesOf(ORDER)}\nexport const order: Orders = ${VALUE}`), [])
})

test('the types refuse plain JSON that is ambiguous', t => {
  const errors = compileErrors(t, `${typesOf(ORDER)}\nexport const order: Orders = { ...${VALUE}, tags: { a: 1 } }`)
  assert.match(errors.join(), /error TS2322/)
  assert.equal(errors.length, 1)
})

test('a schema without a name is declared by the name that is asked for', () => {
  assert.equal(typesOf(['null', 'int']), 'export type Orders = null | number | { readonly int: number }\n')
  assert.equal(typesOf({ type: 'fixed', name: 'F', size: 1 }), 'export type Orders = string | Uint8Array\n')
})

test('a double may be text that says it is no number', () => {
  assert.equal(typesOf('double'), 'export type Orders = number | "NaN" | "Infinity" | "-Infinity"\n')
})

test('text that is ambiguous in a union is not accepted as plain text', () => {
  const decimal = { type: 'bytes', logicalType: 'decimal', precision: 4 }
  assert.equal(
    typesOf(['string', decimal]),
    'export type Orders = { readonly string: string } | number | bigint | Uint8Array | ' +
      '{ readonly bytes: string | number | bigint | Uint8Array }\n',
  )
})
