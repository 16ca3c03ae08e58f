// Editors complete and check stages/<stage>.json by schemas/stage.schema.json: it refuses what the command refuses.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { SETTING_ROWS } from '../../lib/config/settings.ts'
import { temporaryFolder } from '../../local/processes.ts'
import { stageSchema } from '../../scripts/stage-schema.ts'
import { environmentOf } from '../../scripts/template/environment.ts'
import { DEFAULTS, readOptions } from '../../scripts/template/options.ts'
import { readStage } from '../../scripts/template/stage.ts'

const folder = temporaryFolder()
const schema = JSON.parse(stageSchema())
const isValid = new Ajv({ strict: true }).compile(schema)
const SETTINGS: Record<string, { description: string }> = schema.properties.settings.properties
const PARAMS: Record<string, { description: string }> = schema.properties.params.properties

function stageOf(file: unknown) {
  writeFileSync(`${folder}/test.json`, JSON.stringify(file))
  return readStage('test', folder)
}

/** Without the rules between parameters, one of which may come from the command line. */
function accepts(file: unknown): boolean {
  try {
    for (const param of stageOf(file).params)
      try {
        readOptions([param])
      } catch (error) {
        if (!/expected (both or neither|httpAuth=jwt|[^.]* too)|expect routeTableIds/.test(String(error))) return false
      }
    return true
  } catch {
    return false
  }
}

test('the schema of stages is up to date', () => {
  assert.equal(readFileSync('schemas/stage.schema.json', 'utf8'), stageSchema())
})

test('an editor and the command refuse the same generated stages', () => {
  const junk = fc.constantFrom<unknown>(null, true, 1, 'x', [], {}, { a: 'b' })
  const texts = fc.constantFrom(
    ...['', '0', '1', '2', '01', '1000000000', 'public', 'subnet-1,subnet-2', 'subnet-1,', 'sg-1', 'sg-1 ', 'vpc-1'],
    ...[
      'sqs,s3',
      'ftp',
      'rtb-1',
      'arn:aws:sns:x',
      'arn:aws:kms:x',
      'rate(1 hour)',
      'a=b,c=',
      '=b',
      'a',
      'a=b=c',
      'a\n',
    ],
  )
  const params = fc.dictionary(fc.constantFrom(...Object.keys(PARAMS), 'colour'), fc.oneof(texts, texts, junk), {
    maxKeys: 2,
  })
  const names = fc.constantFrom('KAFKA_BOOTSTRAP_SERVERS', 'KAFKA_CLIENT_ID', 'KAFKA_BOOTSTRAP_SERVER', 'PATH')
  const settings = fc.dictionary(names, fc.oneof({ arbitrary: fc.constant('b:9092'), weight: 6 }, junk), { maxKeys: 1 })
  const stage = fc.oneof(
    { arbitrary: fc.record({ settings, params }), weight: 6 },
    { arbitrary: fc.record({ $schema: fc.constant('../schemas/stage.schema.json'), params }), weight: 3 },
    fc.record({ $schema: junk, settings: junk, params: junk }, { requiredKeys: [] }),
    fc.constantFrom({}, { colour: 'red' }, [], null),
  )
  const counts = { valid: 0, invalid: 0 }
  fc.assert(
    fc.property(stage, file => {
      const isAccepted = accepts(file)
      counts[isAccepted ? 'valid' : 'invalid']++
      assert.equal(isValid(file), isAccepted, JSON.stringify(file))
    }),
    { numRuns: 1000 },
  )
  assert.ok(counts.valid > 50 && counts.invalid > 50, JSON.stringify(counts))
})

test('an editor offers every setting that a stage may have; the command refuses the others', () => {
  const others = SETTING_ROWS.map(([, { env }]) => env).filter(env => !Object.hasOwn(SETTINGS, env))
  assert.ok(others.includes('KAFKA_SASL_PASSWORD') && others.includes('KAFKA_REDRIVE_FROM'))
  for (const env of others)
    assert.throws(() => environmentOf({ KAFKA_BOOTSTRAP_SERVERS: 'b:9092', [env]: 'x' }, new Map()), new RegExp(env))
  assert.equal(Object.keys(SETTINGS).length + others.length, SETTING_ROWS.length)
  for (const [name, { description }] of Object.entries({ ...SETTINGS, ...PARAMS }))
    assert.ok(description.length > 10, name)
  assert.deepEqual(
    Object.keys(PARAMS).filter(name => !name.includes('.')),
    Object.keys(DEFAULTS),
  )
})

test('a misspelled setting of a stage is refused; the functions would not have got it', () => {
  assert.throws(
    () => stageOf({ settings: { KAFKA_BOOTSTRAP_SERVER: 'b:9092' } }),
    /settings\.KAFKA_BOOTSTRAP_SERVER: unknown; did you mean KAFKA_BOOTSTRAP_SERVERS\?/,
  )
})

test('the stage that the page about deploying shows names the schema and meets it', () => {
  const [, text = ''] = /```json\n(\{ "\$schema".*\})\n```/.exec(readFileSync('docs/deploy.md', 'utf8')) ?? []
  const stage = JSON.parse(text)
  assert.equal(stage.$schema, '../schemas/stage.schema.json')
  assert.ok(accepts(stage))
  assert.ok(isValid(stage))
})
