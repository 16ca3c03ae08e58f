// The permissions for schemas of AWS Glue that contracts require.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseContract } from '../../lib/contracts/parse-contract.ts'
import { contractFormats } from '../../lib/schema-registry/contract-formats.ts'
import type { Statement } from '../../scripts/template/cloudformation.ts'
import { deploymentOf } from '../../scripts/template/deployment.ts'
import { readOptions } from '../../scripts/template/options.ts'
import { VPC_SERVICES } from '../../scripts/template/vpc-endpoints.ts'
import { MSK_IAM } from '../support/contract-sets.ts'

const SCHEMA = { schema: 'order.avsc' }

function notCalled(): never {
  assert.fail('Nothing is asked for a template.')
}

/** @param isPinned the build knows the ids */
function contractOf(topic: string, file: object, isPinned = false) {
  const parts = { loadFormat: notCalled, open: notCalled }
  const pinned = { id: { registry: 'glue', versionId: 'v' } as const, load: notCalled }
  const formats = contractFormats(() => (isPinned ? { pinned } : parts))
  return [topic, parseContract(topic, file, notCalled, { formats, readSchema: () => '"string"' })] as const
}

const avro = (rest: object = {}) => ({ format: 'avro', registry: 'glue', ...rest })

/** For contracts of the other kind of registry. */
const REGISTRY = { KAFKA_SCHEMA_REGISTRY_URL: 'https://registry.example.com' }

/** Function → its statements about Glue: actions and resources, without what all their ARNs begin with. */
function rightsOf(
  contracts: readonly (readonly [string, ReturnType<typeof parseContract>])[],
  env: Record<string, string> = {},
  params: readonly string[] = [],
) {
  const { functions } = deploymentOf(new Map(contracts), { ...MSK_IAM, ...REGISTRY, ...env }, readOptions(params))
  return Object.fromEntries(
    functions.map(({ key, role }) => {
      const statements = [role, ...role.managedPolicies].flatMap(policy => policy.statements)
      return [key, statements.filter(({ Action }) => Action.some(action => action.startsWith('glue:'))).map(shown)]
    }),
  )
}

function shown({ Action, Resource }: Statement): string {
  const arns = (Resource as { 'Fn::Sub': string }[]).map(({ 'Fn::Sub': arn }) => arn)
  const actions = Action.map(action => action.replace('glue:', '')).join()
  return `${actions} ${arns.join()}`
    .replaceAll(`arn:\${AWS::Partition}:glue:`, '')
    .replaceAll(`\${AWS::Region}:\${AWS::AccountId}:`, '')
}

test('each function may read the schemas that its contracts name, and redrive all', () => {
  const rights = rightsOf([
    contractOf('orders', { value: avro({ version: SCHEMA }), from: { http: true } }),
    contractOf('returns', {
      value: avro({ subject: 'return', version: 3 }),
      key: avro({ subject: 'return-id', version: SCHEMA }),
      from: { http: false, sqs: [{ queue: 'returns' }] },
    }),
    contractOf('chat', { value: { format: 'json' }, from: { http: false, eventbridge: [{ source: ['chat'] }] } }),
    contractOf('clicks', { value: avro({ registry: 'confluent' }), from: { http: true } }),
  ])
  const registry = 'registry/default-registry'
  const schema = 'schema/default-registry'
  assert.deepEqual(rights, {
    http: [`GetSchemaByDefinition ${registry},${schema}/orders`],
    sqs: [`GetSchemaVersion ${registry},${schema}/return`, `GetSchemaByDefinition ${registry},${schema}/return-id`],
    eventbridge: [],
    redrive: [
      `GetSchemaVersion ${registry},${schema}/return`,
      `GetSchemaByDefinition ${registry},${schema}/orders,${schema}/return-id`,
    ],
  })
})

test('only contracts with autoRegister may register, and only their own schemas', () => {
  const rights = rightsOf([
    contractOf('orders', { value: avro({ version: SCHEMA, autoRegister: true }), from: { http: true } }),
    contractOf('clicks', { value: avro({ version: SCHEMA }), from: { http: true } }),
  ])
  assert.deepEqual(rights.http, [
    'GetSchemaByDefinition registry/default-registry,schema/default-registry/clicks',
    'GetSchemaByDefinition,RegisterSchemaVersion,CreateSchema registry/default-registry,schema/default-registry/orders',
  ])
})

test('pinned schemas need no right', () => {
  const file = { value: avro({ version: SCHEMA, autoRegister: true }), from: { http: true } }
  assert.deepEqual(rightsOf([contractOf('orders', file, true)]), { http: [], redrive: [] })
})

test('registry and region are those of the settings, also in another region', () => {
  const rights = rightsOf([contractOf('orders', { value: avro(), from: { http: true } })], {
    KAFKA_GLUE_REGISTRY_NAME: 'shop',
    KAFKA_GLUE_REGION: 'eu-central-1',
  })
  const inRegion = `eu-central-1:\${AWS::AccountId}`
  assert.deepEqual(rights.http, [`GetSchemaVersion ${inRegion}:registry/shop,${inRegion}:schema/shop/orders`])
})

test('a thousand schemas fit into a role when topicPrefixes names their beginning', () => {
  const contracts = Array.from({ length: 1000 }, (_, n) =>
    contractOf(`payments-settlements-of-a-country-${n}`, { value: avro({ version: SCHEMA }), from: { http: true } }),
  )
  const { http } = rightsOf(contracts, {}, ['topicPrefixes=payments-'])
  assert.deepEqual(http, ['GetSchemaByDefinition registry/default-registry,schema/default-registry/payments-*'])
})

test('functions in a VPC can have an endpoint for Glue', () => {
  assert.ok(VPC_SERVICES.includes('glue'))
})
