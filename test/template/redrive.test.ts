// What the redrive function gets from the template: the queues with their roles, the lease, and its permissions.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { Contracts } from '../../lib/contracts/contract.ts'
import { withQueuePrefix } from '../../lib/contracts/queue-prefix.ts'
import { ConfigError } from '../../lib/errors.ts'
import { configuredSources } from '../../lib/redrive/redrive-sources.ts'
import { createSourceMessageReader } from '../../lib/redrive/source-messages.ts'
import type { Statement } from '../../scripts/template/cloudformation.ts'
import { deploymentOf } from '../../scripts/template/deployment.ts'
import { readOptions } from '../../scripts/template/options.ts'
import { cloudFormationResources } from '../../scripts/template/resources.ts'
import { contractsFedBy } from '../support/contracts.ts'

/** SQS allows 80 letters: a DLQ whose name would have more has a shorter one. */
const LONG = `queue-of-a-long-name-${'x'.repeat(40)}`
const QUEUES = [
  'orders',
  'orders.fifo',
  LONG,
  `${LONG}.fifo`,
  ...Array.from({ length: 60 }, (_, n) => `queue-of-team-${n}`),
]
const EVENTS = { eventbridge: [{ source: ['shop'] }] }
const contracts = contractsFedBy(
  Object.fromEntries(QUEUES.map((queue, n) => [`t-${n}`, { sqs: [{ queue }], ...(n === 0 ? EVENTS : {}) }])),
)
const ENV = { KAFKA_BOOTSTRAP_SERVERS: 'broker:9092', KAFKA_QUEUE_PREFIX: 'staging-' }
const FIFO = '.fifo'

type Resources = Readonly<Record<string, { readonly Properties: Record<string, unknown> }>>

function built(env: NodeJS.ProcessEnv = ENV, of: Contracts = contracts, params: readonly string[] = []) {
  const deployment = deploymentOf(of, env, readOptions(params))
  const environmentOf = (wanted: string) => deployment.functions.find(({ key }) => key === wanted)?.environment ?? {}
  return {
    environment: environmentOf('sqs'),
    redriveEnvironment: environmentOf('redrive'),
    resources: cloudFormationResources(deployment) as Resources,
  }
}

/** The text that CloudFormation makes of an expression. */
function resolved(value: unknown): string {
  if (typeof value === 'string') return value
  const { 'Fn::Join': join, 'Fn::Sub': sub, Ref: ref } = value as Record<string, unknown>
  if (Array.isArray(join)) return join[1].map(resolved).join(join[0])
  if (ref === 'EventFailuresBucket') return 'app-eventfailuresbucket-1x2y'
  if (typeof ref === 'string') return `https://sqs.eu-west-1.amazonaws.com/123456789012/${ref}`
  const pseudo: Record<string, string> = {
    Region: 'eu-west-1',
    URLSuffix: 'amazonaws.com',
    AccountId: '123456789012',
    Partition: 'aws',
    StackName: 'app-prod',
  }
  return String(sub).replaceAll(/\$\{AWS::(\w+)\}/g, (_, name: string) => pseudo[name] ?? assert.fail(name))
}

test('the redrive function knows each source DLQ and failure destination with its role', () => {
  const { redriveEnvironment, resources } = built()
  const redriveFrom = resolved(redriveEnvironment.KAFKA_REDRIVE_FROM)
  const config = parseConfig({ bootstrapServers: ['broker:9092'], deadLetter: 'none', redriveFrom }, {})
  const reader = createSourceMessageReader(withQueuePrefix(contracts, 'staging-'), config)
  const sources = configuredSources(config, reader)
  const byName = new Map(sources.map(source => ['queueUrl' in source ? source.queueUrl.split('/').at(-1) : '', source]))
  assert.equal(sources.length, QUEUES.length + 2)
  for (const { Properties } of Object.values(resources)) {
    const policy = Properties.RedrivePolicy as { deadLetterTargetArn: { 'Fn::GetAtt': [string] } } | undefined
    if (!policy) continue
    const sourceDlq = resources[policy.deadLetterTargetArn['Fn::GetAtt'][0]]
    const source = byName.get(resolved(sourceDlq?.Properties.QueueName))
    assert.ok(source?.kind === 'source-dlq')
    assert.equal(source.sourceQueue, Properties.QueueName)
  }
  assert.equal(byName.get('EventRuleFailuresQueue')?.kind, 'failure-destination')
  const name = 'kafka-producer-dev-eventbridge'
  assert.deepEqual(
    sources.filter(({ kind }) => kind === 'failure-bucket'),
    [
      {
        kind: 'failure-bucket',
        bucket: 'app-eventfailuresbucket-1x2y',
        lambda: { name, arn: `arn:aws:lambda:eu-west-1:123456789012:function:${name}` },
      },
    ],
  )
  // A function's environment has 4 KB, also with sixty queues.
  assert.ok(redriveFrom.length < 400, redriveFrom)
})

test('with --param eventFailures=sqs Lambda keeps failed events in a queue, and there is no bucket', () => {
  const { redriveEnvironment, resources } = built(ENV, contracts, ['eventFailures=sqs'])
  const [ofQueues, ...failures] = resolved(redriveEnvironment.KAFKA_REDRIVE_FROM).split(',')
  assert.match(ofQueues ?? '', /^source-dlq:/)
  assert.deepEqual(
    failures.map(text => text.split(/[:/]/).at(-1)),
    ['EventFailuresQueue', 'EventRuleFailuresQueue'],
  )
  assert.ok(!JSON.stringify(resources).includes('s3'))
})

test('only redrive has these settings; they are the template’s own', () => {
  const { environment, redriveEnvironment } = built({ ...ENV, KAFKA_REDRIVE_ALLOW: 'sqs:https://sqs.local/1/other' })
  assert.deepEqual(
    Object.keys(environment).filter(name => name.startsWith('KAFKA_REDRIVE')),
    [],
  )
  assert.equal(redriveEnvironment.KAFKA_REDRIVE_ALLOW, 'sqs:https://sqs.local/1/other')
  assert.deepEqual(redriveEnvironment.KAFKA_REDRIVE_LEASE_QUEUE, { Ref: 'RedriveLeaseQueue' })
  for (const name of ['KAFKA_REDRIVE_FROM', 'KAFKA_REDRIVE_LEASE_QUEUE'])
    assert.throws(() => built({ ...ENV, [name]: 'sqs:https://sqs.local/1/other' }), ConfigError)
})

test('without queues there are no source DLQs to read, and without sources nothing', () => {
  assert.equal(built(ENV, new Map()).redriveEnvironment.KAFKA_REDRIVE_FROM, undefined)
  const { redriveEnvironment } = built(ENV, contractsFedBy({ t: EVENTS }))
  const redriveFrom = resolved(redriveEnvironment.KAFKA_REDRIVE_FROM)
  assert.match(redriveFrom, /^failure-destination:[^,]+,failure-bucket:[^,]+$/)
})

test('a DLQ keeps messages longer than its source; the lease queue is a FIFO queue', () => {
  const queues = Object.entries(built().resources).filter(([, { Properties }]) => 'QueueName' in Properties)
  const retention = (isWanted: (id: string) => boolean) =>
    new Set(queues.filter(([id]) => isWanted(id)).map(([, { Properties }]) => Properties.MessageRetentionPeriod))
  const isDlq = (id: string) => id.endsWith('Failures')
  const isLease = (id: string) => id === 'RedriveLeaseQueue'
  assert.deepEqual([...retention(isDlq)], [14 * 86_400])
  assert.deepEqual([...retention(id => !isDlq(id) && !isLease(id))], [7 * 86_400])
  const lease = built().resources.RedriveLeaseQueue?.Properties
  assert.equal(lease?.FifoQueue, true)
  assert.ok(resolved(lease.QueueName).endsWith(FIFO))
})

function statementsOf(resources: Resources, role: string): Statement[] {
  const { Policies } = resources[role]?.Properties ?? assert.fail(role)
  const [policy] = Policies as { readonly PolicyDocument: { readonly Statement: Statement[] } }[]
  return policy?.PolicyDocument.Statement ?? assert.fail(role)
}

test('the function whose events fail may not write what redrive keeps in the bucket of failed events', () => {
  const { resources } = built(ENV, contractsFedBy({ t: EVENTS }))
  const puts = (role: string) =>
    statementsOf(resources, role)
      .filter(({ Action }) => Action.includes('s3:PutObject'))
      .map(({ Effect, Resource }) => [Effect, (Resource as { 'Fn::Sub': string })['Fn::Sub']])
  const objects = `\${EventFailuresBucket.Arn}`
  assert.deepEqual(puts('EventbridgeRole'), [
    ['Allow', `${objects}/*`],
    ['Deny', `${objects}/redrive/*`],
  ])
  assert.deepEqual(puts('RedriveRole'), [['Allow', `${objects}/redrive/kafka-producer-dev-eventbridge/*`]])
})

test('redrive may write only to the dead letters and to its lease', () => {
  const statements = statementsOf(built().resources, 'RedriveRole')
  const resources = (action: string) =>
    statements
      .filter(({ Action }) => Action.includes(action))
      .flatMap(({ Resource }) => Resource as { 'Fn::GetAtt': [string] })
      .map(({ 'Fn::GetAtt': [id] }) => id)
  assert.deepEqual(resources('sqs:SendMessage').sort(), ['DeadLettersQueue', 'RedriveLeaseQueue'])
  for (const action of ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility'])
    assert.equal(resources(action).length, QUEUES.length + 3, action)
})
