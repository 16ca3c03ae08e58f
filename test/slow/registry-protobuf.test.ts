// Compares descriptors and bytes of generated and hand-written Protobuf schemas with those of protoc and of Python's
// serializer.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fromBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { JsonText } from '../../lib/record/json-text.ts'
import { descriptorsOf } from '../../lib/schema-registry/protobuf/descriptors-of.ts'
import { protobufFormat } from '../../lib/schema-registry/protobuf/protobuf-format.ts'
import type { SchemaEncoder } from '../../lib/schema-registry/schema-format.ts'
import { frame } from '../../lib/schema-registry/wire-format.ts'
import { comparableDescriptor } from '../support/protobuf/comparable-descriptor.ts'
import { pick, type RandomSchema, randomSchema, seededRandom } from '../support/protobuf/random-schema.ts'
import { randomValue } from '../support/protobuf/random-value.ts'
import { protobufSchema } from '../support/protobuf-schema.ts'

const PROTOS = 'test/schema-registry/protos'
const COUNT = 1000

interface Job {
  readonly file: string
  /** Null: only the descriptor is compared. */
  readonly message: string | null
  readonly value: string
  readonly payload: string
}

interface Result {
  /** A FileDescriptorProto in base64, as the serializer registers it. */
  readonly descriptor: string
  readonly framed: string
  readonly isEqual: boolean
}

/** @param files by their paths */
function runPython(t: TestContext, files: Readonly<Record<string, string>>, jobs: readonly Job[]): Result[] {
  const folder = mkdtempSync(join(tmpdir(), 'protobuf-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, dirname(path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  writeFileSync(join(folder, 'jobs.json'), JSON.stringify(jobs))
  const { PYTHON } = process.env
  assert.ok(PYTHON, 'PYTHON: expected a Python with confluent-kafka[protobuf] and grpcio-tools')
  execFileSync(PYTHON, ['test/python/protobuf_serializer.py', folder], { timeout: 80_000, stdio: 'inherit' })
  return JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8'))
}

async function ourDescriptor(text: string, imports: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const set = fromBinary(FileDescriptorSetSchema, await descriptorsOf(protobufSchema(text, imports)))
  const main = set.file.at(-1)
  assert.ok(main)
  return comparableDescriptor(main)
}

function theirDescriptor({ descriptor }: Result): unknown {
  return comparableDescriptor(fromBinary(FileDescriptorProtoSchema, Buffer.from(descriptor, 'base64')))
}

test("descriptors of the test's .proto files are those of protoc", async t => {
  const names = globSync('**/*.proto', { cwd: PROTOS }).sort()
  assert.ok(names.length >= 9)
  const texts = Object.fromEntries(names.map(name => [name, readFileSync(join(PROTOS, name), 'utf8')]))
  const results = runPython(
    t,
    texts,
    names.map(file => ({ file, message: null, value: '', payload: '' })),
  )
  for (const [index, name] of names.entries()) {
    const { [name]: text = '', ...imports } = texts
    assert.deepEqual(await ourDescriptor(text, imports), theirDescriptor(results[index] as Result), name)
  }
})

test(`${COUNT} generated schemas and values: descriptors, indexes and bytes are those of Python`, async t => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)
  t.diagnostic(`SEED=${seed}`)
  const random = seededRandom(seed)
  const schemas: RandomSchema[] = []
  const jobs: Job[] = []
  const positions: SchemaEncoder['message'][] = []
  for (let index = 0; index < COUNT; index++) {
    const schema = randomSchema(random, `p${index}.q`)
    const message = pick(random, schema.messages)
    const value = randomValue(random, message)
    const encoder = await protobufFormat.compile(protobufSchema(schema.text), { message: message.fullName })
    const payload = Buffer.from(encoder.encode(new JsonText(value, JSON.parse(value)))).toString('hex')
    schemas.push(schema)
    positions.push(encoder.message)
    jobs.push({ file: `p${index}.proto`, message: message.fullName, value, payload })
  }
  const files = Object.fromEntries(schemas.map(({ text }, index) => [`p${index}.proto`, text]))
  let equalCount = 0
  for (const [index, result] of runPython(t, files, jobs).entries()) {
    const [schema, job] = [schemas[index] as RandomSchema, jobs[index] as Job]
    const where = `${schema.text}\n${job.message}\n${job.value}`
    assert.deepEqual(await ourDescriptor(schema.text), theirDescriptor(result), where)
    assert.ok(result.isEqual, where)
    // As Python registers it, entries of maps and groups are messages that count.
    const registered = await protobufFormat.compile(protobufSchema(result.descriptor), {
      message: job.message as string,
    })
    if (!/\bmap<|\bgroup\b/.test(schema.text)) assert.deepEqual(positions[index], registered.message, where)
    const theirs = Buffer.from(result.framed, 'hex')
    const id = { registry: 'confluent', id: theirs.readUInt32BE(1), guid: undefined } as const
    const ours = frame(id, Buffer.from(job.payload, 'hex'), registered.message, { isKey: false })
    assert.ok(Buffer.isBuffer(ours))
    const end = schema.isOrdered ? undefined : ours.length - job.payload.length / 2
    assert.equal(ours.toString('hex', 0, end), theirs.toString('hex', 0, end), where)
    if (schema.isOrdered) equalCount++
  }
  assert.ok(equalCount > COUNT / 2)
  t.diagnostic(`${equalCount} without maps have equal bytes, ${COUNT - equalCount} with maps are equal when decoded`)
})
