// Descriptors from .proto texts; test/slow/registry-protobuf.test.ts compares them with those of protoc.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { create, createFileRegistry, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import {
  FieldDescriptorProto_Type,
  type FieldDescriptorProtoSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt'
import { SerializationError } from '../../lib/errors.ts'
import { descriptorsOf } from '../../lib/schema-registry/protobuf/descriptors-of.ts'
import { protobufFormat } from '../../lib/schema-registry/protobuf/protobuf-format.ts'
import { protobufSchema } from '../support/protobuf-schema.ts'

async function filesOf(text: string, imports: Record<string, string> = {}): Promise<FileDescriptorProto[]> {
  return fromBinary(FileDescriptorSetSchema, await descriptorsOf(protobufSchema(text, imports))).file
}

async function mainOf(text: string, imports?: Record<string, string>): Promise<FileDescriptorProto> {
  return (await filesOf(text, imports)).at(-1) as FileDescriptorProto
}

async function isUnusable(text: string, reason: RegExp, imports?: Record<string, string>): Promise<void> {
  await assert.rejects(filesOf(text, imports), { code: 'schema-unusable', retriable: false, message: reason }, text)
}

function shortUnusable(error: unknown): true {
  assert.ok(error instanceof SerializationError)
  assert.equal(error.code, 'schema-unusable')
  assert.ok(error.message.length < 200, error.message)
  return true
}

function inBase64(descriptor: MessageInitShape<typeof FileDescriptorProtoSchema>): string {
  const file = create(FileDescriptorProtoSchema, descriptor)
  return Buffer.from(toBinary(FileDescriptorProtoSchema, file)).toString('base64')
}

const INT = (name: string, number: number) => ({ name, number, type: FieldDescriptorProto_Type.INT32 })

const PROTO3 = 'syntax = "proto3"; '

test('the .proto files of the tests are read, with their imports', async () => {
  const folder = 'test/schema-registry/protos'
  const names = globSync('**/*.proto', { cwd: folder })
  assert.ok(names.length >= 9)
  const texts = Object.fromEntries(names.map(name => [name, readFileSync(join(folder, name), 'utf8')]))
  for (const name of names) {
    const { [name]: text = '', ...imports } = texts
    const set = fromBinary(FileDescriptorSetSchema, await descriptorsOf(protobufSchema(text, imports)))
    assert.ok([...createFileRegistry(set)].length > 0, name)
  }
})

test('files come after those that they import; the own one is last', async () => {
  const imports = {
    'a.proto': `${PROTO3} message A {}`,
    'b.proto': `${PROTO3} import "a.proto"; message B { A a = 1; }`,
  }
  const text = `${PROTO3} import "b.proto"; import "google/type/money.proto"; import "google/protobuf/any.proto";`
  const names = (await filesOf(text, imports)).map(({ name }) => name)
  const expected = ['a.proto', 'b.proto', 'google/type/money.proto', 'google/protobuf/any.proto', 'schema.proto']
  assert.deepEqual(names, expected)
})

test('files that every registry has need no reference', async () => {
  const files = ['date', 'datetime', 'timeofday', 'interval', 'phone_number', 'color'].map(
    name => `google/type/${name}`,
  )
  const confluent = ['confluent/meta', 'confluent/type/decimal', 'confluent/type/variant']
  const google = [
    'any',
    'api',
    'descriptor',
    'duration',
    'empty',
    'field_mask',
    'source_context',
    'struct',
    'timestamp',
  ]
  const all = [...files, ...confluent, ...google.map(name => `google/protobuf/${name}`), 'google/protobuf/wrappers']
  const text = all.map(name => `import "${name}.proto";`).join('\n')
  const main = await mainOf(`${PROTO3} ${text}
    message M { confluent.type.Decimal price = 1 [(confluent.field_meta) = { doc: "a price", tags: ["PII"] }]; }`)
  assert.equal(main.messageType[0]?.field[0]?.typeName, '.confluent.type.Decimal')
})

test("a reference's text is used before that of a file that every registry has", async () => {
  const imports = { 'google/type/money.proto': `${PROTO3} package google.type; message Money { string own = 1; }` }
  const [money] = await filesOf(`${PROTO3} import "google/type/money.proto";`, imports)
  assert.equal(money?.messageType[0]?.field[0]?.name, 'own')
})

test('types are seen through public imports only', async () => {
  const imports = {
    'a.proto': `${PROTO3} package a; message A {}`,
    'public.proto': `${PROTO3} import public "a.proto";`,
    'private.proto': `${PROTO3} import "a.proto";`,
  }
  const use = (file: string) => `${PROTO3} import "${file}"; message M { a.A a = 1; }`
  assert.equal((await mainOf(use('public.proto'), imports)).messageType[0]?.field[0]?.typeName, '.a.A')
  await isUnusable(
    use('private.proto'),
    /expected the type a\.A that M uses to be declared in it or an import/,
    imports,
  )
})

test('the innermost scope of the first part of a name decides', async () => {
  const text = `${PROTO3} package a.b; message M { message a {} a.X x = 1; } message X {}`
  await isUnusable(text, /the type a\.X that a\.b\.M uses/)
  const main = await mainOf(text.replace('a.X x', '.a.b.X x'))
  assert.equal(main.messageType[0]?.field[0]?.typeName, '.a.b.X')
})

test('entries of maps and groups follow the messages that are nested in a message', async () => {
  const main = await mainOf(`message M {
    map<string, int32> some_map = 1; message First {} optional group Item = 2 {} message Second {} }`)
  const nested = main.messageType[0]?.nestedType.map(({ name }) => name)
  assert.deepEqual(nested, ['First', 'Second', 'SomeMapEntry', 'Item'])
})

test("an entry of a map that is written as a message, as by Confluent's registry, is one", async () => {
  const main = await mainOf(`${PROTO3} message M { repeated TagsEntry tags = 1;
    message TagsEntry { option map_entry = true; string key = 1; int32 value = 2; } }`)
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [main] }))
  assert.equal(registry.getMessage('M')?.fields[0]?.fieldKind, 'map')
})

test('a descriptor in base64 is what the schema says', async () => {
  const main = await mainOf(`${PROTO3} import "a.proto"; package p; message M { A a = 1; }`, {
    'a.proto': 'message A {}',
  })
  main.name = 'other.proto'
  const text = Buffer.from(toBinary(FileDescriptorProtoSchema, main)).toString('base64')
  const files = await filesOf(text, { 'a.proto': 'message A {}' })
  assert.deepEqual(
    files.map(({ name }) => name),
    ['a.proto', 'schema.proto'],
  )
  assert.equal(files[1]?.messageType[0]?.field[0]?.typeName, '.A')
  await isUnusable('AAAA', /expected a \.proto file, or a descriptor in base64/)
})

test('a descriptor without names in JSON, as Python registers it, has those that protoc derives', async () => {
  const nested = [{ name: 'N', field: [INT('in_ner', 1), INT('b', 2)] }]
  const extension = [{ ...INT('ex_tra', 100), extendee: '.M' }]
  const file = inBase64({
    name: 'x',
    syntax: 'proto2',
    messageType: [
      {
        name: 'M',
        field: [INT('a_b', 1), { ...INT('own', 2), jsonName: 'mine' }],
        nestedType: nested,
        extensionRange: [{ start: 100, end: 101 }],
      },
    ],
    extension,
  })
  const [main] = (await mainOf(file)).messageType
  assert.deepEqual(
    [main?.field, main?.nestedType[0]?.field].flatMap(fields => fields?.map(field => field.jsonName)),
    ['aB', 'mine', 'inNer', 'b'],
  )
  const encoder = await protobufFormat.compile(protobufSchema(file))
  assert.equal(Buffer.from(encoder.encode({ aB: 1, mine: 2, '[ex_tra]': 3 })).toString('hex'), '08011002a00603')
})

test('a descriptor is refused for what no .proto file could say', async () => {
  const fields: MessageInitShape<typeof FieldDescriptorProtoSchema>[][] = [
    [INT('a', 0)],
    [INT('a', -1)],
    [INT('a', 2 ** 29)],
    [INT('a', 19_000)],
    [INT('a', 1), INT('b', 1)],
    [INT('a', 1), INT('a', 2)],
    [INT('', 1)],
    [INT('a.b', 1)],
    [INT('a'.repeat(513), 1)],
    [{ ...INT('a', 1), jsonName: 'a'.repeat(513) }],
    [{ ...INT('a', 1), type: 99 as FieldDescriptorProto_Type }],
    [{ name: 'a', number: 1 }],
  ]
  for (const field of fields) {
    await assert.rejects(filesOf(inBase64({ messageType: [{ name: 'M', field }] })), shortUnusable)
    await assert.rejects(
      filesOf(inBase64({ messageType: [{ name: 'M', nestedType: [{ name: 'N', field }] }] })),
      shortUnusable,
    )
  }
  const value = [
    { name: 'A', number: 0 },
    { name: 'B', number: 0 },
  ]
  await assert.rejects(filesOf(inBase64({ enumType: [{ name: 'E', value }] })), shortUnusable)
  await assert.rejects(filesOf(inBase64({ extension: [{ ...INT('a', 0), extendee: '.M' }] })), shortUnusable)
  await isUnusable(
    `${PROTO3} message M { int32 a = 1 [json_name = "${'a'.repeat(513)}"]; }`,
    /json_name of at most 512/,
  )
})

test('strings have escapes, and adjacent ones are one', async () => {
  const escaped = String.raw`"\x41\102\103\u00e4\U0001f600" '\'\"\n' "é"`
  const main = await mainOf(`message M { optional int32 a = 1 [json_name = ${escaped}]; }`)
  assert.equal(main.messageType[0]?.field[0]?.jsonName, `ABCä😀'"\né`)
})

test('what is no .proto file is refused with its line', async () => {
  const cases: [text: string, reason: RegExp][] = [
    ['message {', /a name on line 1/],
    ['message M {', /a name on line 1/],
    ['\n\nmessage M { int32 x = 1; }', /a label before it on line 3/],
    [`${PROTO3} message M { required int32 x = 1; }`, /a type on line 1/],
    [`${PROTO3} message M { int32 x = 1 }`, /";" on line 1/],
    [`${PROTO3} message M { int32 x = 0; }`, /an integer from 1 to 536870911 on line 1/],
    [`${PROTO3} message M { int32 x = 19500; }`, /a number that Protobuf does not reserve/],
    [`${PROTO3} message M { int32 x = 1.5; }`, /an integer on line 1/],
    [`${PROTO3} message M { int32 x = 08; }`, /a number on line 1/],
    [`${PROTO3} message M { int32 x = 1a; }`, /a space after the number/],
    [`${PROTO3} message M { int32 x = 1; int64 x = 2; }`, /fields with different names and numbers in M/],
    [`${PROTO3} message M { int32 x = 1; int64 y = 1; }`, /fields with different names and numbers in M/],
    [`${PROTO3} message M {} message M {}`, /M to be declared once/],
    [`${PROTO3} enum E {}`, /a value of the enum/],
    [`${PROTO3} enum E { A = 0; B = 0; }`, /values with different names, and numbers unless/],
    [`${PROTO3} enum E { A = 2147483648; }`, /an integer from -2147483648 to 2147483647/],
    [`${PROTO3} message M { map<float, int32> m = 1; }`, /keys of maps/],
    [`${PROTO3} message M { repeated map<string, int32> m = 1; }`, /a map without a label/],
    [`${PROTO3} message M { oneof o { map<string, int32> m = 1; } }`, /a map without a label/],
    [`${PROTO3} message M { oneof o { repeated int32 m = 1; } }`, /a type/],
    [`${PROTO3} message M { Unknown m = 1; }`, /the type Unknown that M uses/],
    [`${PROTO3} message M { int32 x = 1 [packed = 1]; }`, /true or false/],
    [`${PROTO3} package a; package b;`, /one package/],
    [`${PROTO3} import "missing.proto";`, /a reference with the name of the import "missing\.proto"/],
    [`${PROTO3} /* open`, /the end of the comment/],
    [`${PROTO3} import "open`, /the end of the string/],
    [`${PROTO3} import "a\nb";`, /the end of the string/],
    [`${PROTO3} import "\\q";`, /an escape sequence/],
    [`${PROTO3} option (a) = { b: "c"`, /"}"/],
    [`${PROTO3} service S {`, /"}"/],
    ['syntax = "proto4";', /syntax proto2 or proto3, or edition 2023 or 2024/],
    ['edition = "2022";', /syntax proto2 or proto3/],
    ['edition = "2023"; option features.field_presence = SOMETIMES;', /a known value of field_presence/],
    ['{"type": "record"}', /a statement on line 1/],
  ]
  for (const [text, reason] of cases) await isUnusable(text, reason)
})

test('imports in a circle, and too many, are refused', async () => {
  const circle = { 'a.proto': 'import "b.proto";', 'b.proto': 'import "a.proto";' }
  await isUnusable('import "a.proto";', /imports without a cycle/, circle)
  await isUnusable('import "schema.proto";', /imports without a cycle|a reference with the name/)
  const many = Object.fromEntries(Array.from({ length: 1100 }, (_, index) => [`${index}.proto`, '']))
  const text = Object.keys(many).map(name => `import "${name}";`)
  await isUnusable(text.join(''), /at most 1000 imports/, many)
})

test('deep and long texts are read in one pass', async () => {
  const nested = (depth: number) => `${'message M {'.repeat(depth)}${'}'.repeat(depth)}`
  assert.equal((await mainOf(nested(32))).messageType.length, 1)
  await isUnusable(nested(33), /messages to be nested at most 32 deep/)
  await isUnusable(nested(100_000), /messages to be nested at most 32 deep/)
  const long = 'x'.repeat(1_000_000)
  const texts = [
    `option (o) = { ${'/* */ a: '.repeat(100_000)} };`,
    `option (o) = "${long}";`,
    `option (o) = "${'\\n'.repeat(200_000)}";`,
    `// ${long}\n${' '.repeat(1_000_000)}`,
    `option (o) = { ${'{'.repeat(100_000)}${'}'.repeat(100_000)} };`,
    `enum E { ${Array.from({ length: 20_000 }, (_, index) => `V${index} = ${index};`).join('')} }`,
  ]
  for (const text of texts) assert.equal((await filesOf(text)).length, 1)
  await isUnusable(`option (o) = { ${'/ * '.repeat(100_000)}/*`, /the end of the comment/)
})

test('the length of a name with its scopes is bounded', async () => {
  const long = 'a'.repeat(500)
  const texts = [
    `${PROTO3} package ${'a.'.repeat(40_000)}b; message M {}`,
    `${PROTO3} package ${'a.'.repeat(101)}b; message M {}`,
    `${PROTO3} message M { ${'a.'.repeat(40_000)}N n = 1; }`,
    `${PROTO3} message ${long.repeat(2)} {}`,
    `${PROTO3} message M { option (${'a.'.repeat(40_000)}b) = 1; }`,
  ]
  for (const text of texts) await assert.rejects(filesOf(text), shortUnusable)
  const descriptors = [
    { name: 'x', syntax: 'proto3', package: `${'a.'.repeat(40_000)}b`, messageType: [{ name: 'M' }] },
    { name: 'x', syntax: 'proto3', messageType: [{ name: long, nestedType: [{ name: long }] }] },
  ]
  for (const descriptor of descriptors) await assert.rejects(filesOf(inBase64(descriptor)), shortUnusable)
  assert.equal(
    (await mainOf(`${PROTO3} package ${'a.'.repeat(100)}b; message ${long.slice(250)} {}`)).package.length,
    201,
  )
})

test('names such as __proto__ are ordinary names', async () => {
  const main = await mainOf(`${PROTO3} message constructor { int32 __proto__ = 1; toString hasOwnProperty = 2; }
    message toString { map<string, constructor> __proto__ = 1; }`)
  assert.equal(main.messageType[0]?.field[1]?.typeName, '.toString')
  assert.equal(main.messageType[1]?.nestedType[0]?.field[1]?.typeName, '.constructor')
})
