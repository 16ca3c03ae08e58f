// The TypeScript types of Protobuf messages, as the compiler checks values by them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { protobufToTypeScript } from '../../lib/schema-registry/protobuf/protobuf-to-typescript.ts'
import { compileErrors } from '../support/compile-errors.ts'
import { protobufSchema } from '../support/protobuf-schema.ts'

const SCHEMA = `syntax = "proto2";
package shop;
import "google/protobuf/any.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
message Order {
  required int64 order_id = 1;
  optional double amount = 2;
  repeated Line lines = 3;
  map<string, Kind> kinds = 4;
  oneof payment { string card = 5; bool cash = 6; }
  optional bytes raw = 7 [json_name = "raw bytes"];
  optional google.protobuf.Timestamp at = 8;
  optional google.protobuf.Struct more = 9;
  optional google.protobuf.Int32Value wrapped = 10;
  optional google.protobuf.Any any = 11;
  optional google.protobuf.NullValue nothing = 12;
  optional Order parent = 13;
  optional Nothing empty = 14;
  optional group Item = 15 { optional uint32 count = 1; }
  message Line { optional string sku = 1; optional other.Line other = 2; }
  message Nothing {}
  message other { message Line { optional int32 x = 1; } }
}
enum Kind { GIFT = 1; SALE = 2; }
`

test('each message and enum that is used has a type', async () => {
  const text = await protobufToTypeScript(protobufSchema(SCHEMA), 'Orders')
  assert.equal(
    text,
    `export type Orders = {
  readonly orderId: number | bigint | string
  readonly amount?: number | "NaN" | "Infinity" | "-Infinity" | null | undefined
  readonly lines?: readonly (OrdersLine)[] | null | undefined
  readonly kinds?: { readonly [key: string]: OrdersKind } | null | undefined
  /** At most one field of payment has a value. */
  readonly card?: string | null | undefined
  /** At most one field of payment has a value. */
  readonly cash?: boolean | null | undefined
  readonly "raw bytes"?: string | Uint8Array | null | undefined
  readonly at?: string | Date | null | undefined
  readonly more?: { readonly [name: string]: unknown } | null | undefined
  readonly wrapped?: number | null | undefined
  readonly any?: { readonly "@type": string; readonly [name: string]: unknown } | null | undefined
  readonly nothing?: null | null | undefined
  readonly parent?: Orders | null | undefined
  readonly empty?: OrdersNothing | null | undefined
  readonly item?: OrdersItem | null | undefined
}

export type OrdersLine = {
  readonly sku?: string | null | undefined
  readonly other?: OrdersShopOrderOtherLine | null | undefined
}

export type OrdersShopOrderOtherLine = {
  readonly x?: number | null | undefined
}

export type OrdersKind = "GIFT" | "SALE" | 1 | 2

export type OrdersNothing = { readonly [name: string]: never }

export type OrdersItem = {
  readonly count?: number | null | undefined
}
`,
  )
})

test('the compiler accepts values that fit and refuses others', async t => {
  const types = await protobufToTypeScript(protobufSchema(SCHEMA), 'Orders')
  const fitting = [
    '{ orderId: 5n, lines: [{ sku: "a" }], kinds: { a: "GIFT", b: 2 }, at: new Date(), empty: {} }',
    '{ orderId: "9007199254740993", amount: "NaN", parent: { orderId: 1 }, more: { a: [1] } }',
  ]
  const wrong = [
    '{}',
    '{ orderId: true }',
    '{ orderId: 1, kinds: { a: "NONE" } }',
    '{ orderId: 1, lines: {} }',
    '{ orderId: 1, nope: 1 }',
  ]
  const lines = [...fitting, ...wrong].map((value, index) => `export const value${index}: Orders = ${value}`)
  const errors = compileErrors(t, `${lines.join('\n')}\n${types}`)
  assert.deepEqual(
    errors.map(error => Number(/\((\d+),/.exec(error)?.[1])),
    wrong.map((_, index) => fitting.length + index + 1),
  )
})

test('the message can be another one; open enums take numbers', async () => {
  const schema = protobufSchema('syntax = "proto3"; message A {} message B { E e = 1; } enum E { ZERO = 0; }')
  const text = await protobufToTypeScript(schema, 'T', 'B')
  assert.equal(text, 'export type T = {\n  readonly e?: TE | null | undefined\n}\n\nexport type TE = "ZERO" | number\n')
  await assert.rejects(protobufToTypeScript(schema, 'T', 'C'), { code: 'schema-unusable' })
})
