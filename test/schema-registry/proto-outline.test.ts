// The package, first message and imports of a .proto file, read in linear time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { foreignImport } from '../../lib/schema-registry/glue/protobuf-imports.ts'
import { protoOutline } from '../../lib/schema-registry/protobuf/proto-outline.ts'
import { recordName } from '../../lib/schema-registry/record-name.ts'

/** Half of the longest text that an answer of Glue may have. */
const LENGTH = 512 * 1024

// The original bug: parsing took quadratic time. At this length, the test runner's time limit ends such a test.
for (const part of ['"\\', '/*', `'a"`, 'import ', '"a\n', '{', 'package a.', 'message ', '/'])
  test(`a Protobuf schema of 512 Ki characters is looked through in one pass: ${JSON.stringify(part)}`, () => {
    const text = part.repeat(LENGTH / part.length)
    assert.equal(foreignImport({ type: 'PROTOBUF', text, references: [] }), undefined)
    assert.notEqual(recordName('PROTOBUF', text), '')
  })

test('the package, the first message and the imports of a .proto file', () => {
  const text = `\uFEFFsyntax = "proto3"; // message Comment {}
    /* import "comment.proto"; */ import "a.proto"; import public 'b.proto'; import weak "c.proto";
    import option "only-options.proto";
    option note = "import 'text.proto'; message Text {}"; enum E { message = 0; }
    package shop . v1;
    message Order { message Line { string import = 1; } } message Other {}`
  const { packageName, message, imports } = protoOutline(text)
  assert.deepEqual(
    { packageName, message, imports },
    { packageName: 'shop.v1', message: 'Order', imports: ['a.proto', 'b.proto', 'c.proto'] },
  )
  assert.equal(recordName('PROTOBUF', text), 'shop.v1.Order')
  assert.equal(recordName('PROTOBUF', 'syntax = "proto3"; message Order {}'), 'Order')
})

test('of a .proto file with a fault, what stands before it counts', () => {
  const { message, imports } = protoOutline('import "a.proto"; message Order { string s = 1; } "no end')
  assert.deepEqual([message, imports], ['Order', ['a.proto']])
  assert.equal(recordName('PROTOBUF', '"no end'), undefined)
})
