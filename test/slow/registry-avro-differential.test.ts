// Compares the bytes of generated schemas and values with those of Confluent's serializer for Python, an independent
// implementation.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import test from 'node:test'
import { isInstance, SerializationError } from '../../lib/errors.ts'
import { frame } from '../../lib/schema-registry/wire-format.ts'
import { avroEncoder, jsonText } from '../support/avro/avro-encoder.ts'
import { type Node, type Random, SchemaMaker, seeded } from '../support/avro/schemas.ts'
import { type Forms, ValueMaker } from '../support/avro/values.ts'

const SCHEMAS = 1000
const VALUES = 3
const seed = Number(process.env.AVRO_SEED ?? Date.now() % 2 ** 31)

/** What Python answers for a value: the framed bytes, or its error. */
type Answer = { readonly hex: string } | { readonly error: string }

interface Case {
  readonly node: Node
  readonly forms: readonly Forms[]
}

test(`bytes are those of Confluent's serializer for Python (AVRO_SEED=${seed})`, t => {
  const cases = casesOf((random, node) => Array.from({ length: VALUES }, () => new ValueMaker(random).forms(node)))
  let compared = 0
  for (const [{ schema }, { python, json }, answer] of encodedByPython(cases)) {
    // Null is a tombstone, of which a serializer sees nothing.
    if (python === 'null') continue
    assert.ok('hex' in answer, `${JSON.stringify(answer)} for ${JSON.stringify(schema)} ${python}`)
    assert.equal(framed(schema, json, idOf(answer.hex)), answer.hex, `${JSON.stringify(schema)} ${json}`)
    compared++
  }
  t.diagnostic(`${compared} values of ${SCHEMAS} schemas have the same bytes`)
  assert.ok(compared > SCHEMAS * VALUES * 0.9)
})

test(`values that Confluent's serializer for Python refuses are refused (AVRO_SEED=${seed})`, t => {
  let refused = 0
  const cases = casesOf((_, node, at) => {
    const counting = new ValueMaker(seeded(at))
    counting.forms(node)
    return [new ValueMaker(seeded(at), at % counting.count).forms(node)]
  })
  for (const [{ schema }, { json }, answer] of encodedByPython(cases)) {
    assert.throws(
      () => framed(schema, json, 1),
      error => isInstance(error, SerializationError) && error.code === 'schema' && error.violations.length > 0,
      `${JSON.stringify(schema)} ${json}`,
    )
    if ('error' in answer) refused++
  }
  t.diagnostic(`${SCHEMAS} spoiled values are refused, ${refused} of them by Python too`)
  assert.ok(refused > SCHEMAS / 2)
})

function casesOf(formsOf: (random: Random, node: Node, at: number) => readonly Forms[]): readonly Case[] {
  return Array.from({ length: SCHEMAS }, (_, at) => {
    const random = seeded(seed + at)
    let node = new SchemaMaker(random).schema()
    // Python has no decimal for a schema that is nothing but bytes.
    while (node.kind === 'bytes' && node.logical === 'decimal') node = new SchemaMaker(random).schema()
    return { node, forms: formsOf(random, node, seed + at) }
  })
}

function* encodedByPython(cases: readonly Case[]): Iterable<readonly [Node, Forms, Answer]> {
  const line = ({ node, forms }: Case) => {
    const values = forms.map(({ python }) => python).join()
    return `{"schema": ${JSON.stringify(JSON.stringify(node.schema))}, "values": [${values}]}\n`
  }
  const { stdout, stderr, status } = spawnSync(
    process.env.PYTHON ?? 'python3',
    ['test/slow/registry-avro-serializer.py'],
    {
      input: cases.map(line).join(''),
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
      timeout: 60_000,
    },
  )
  assert.equal(status, 0, stderr)
  const answers = stdout.trim().split('\n')
  assert.equal(answers.length, cases.length)
  for (const [at, { node, forms }] of cases.entries()) {
    const ofCase: readonly Answer[] = JSON.parse(answers[at] as string)
    for (const [value, answer] of ofCase.entries()) yield [node, forms[value] as Forms, answer]
  }
}

function idOf(hex: string): number {
  return Number.parseInt(hex.slice(2, 10), 16)
}

function framed(schema: unknown, json: string, id: number): string {
  const confluent = { registry: 'confluent', id, guid: undefined } as const
  const payload = avroEncoder(JSON.stringify(schema), undefined, confluent).encode(jsonText(json))
  return Buffer.from(frame(confluent, payload, undefined, { isKey: false }) as Uint8Array).toString('hex')
}
