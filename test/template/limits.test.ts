// Packaging refuses what AWS would refuse, and names the contract, setting or parameter that is the reason.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deploymentOf } from '../../scripts/template/deployment.ts'
import { readOptions } from '../../scripts/template/options.ts'
import { templateProblems } from '../../scripts/template/template-limits.ts'
import { contractsFrom, deploymentFrom, MSK_IAM, templateFrom } from '../support/contract-sets.ts'
import { problemsOf } from '../support/problems-of.ts'

const CLUSTER = MSK_IAM.KAFKA_MSK_CLUSTER_ARN
const BROKERS = { KAFKA_BOOTSTRAP_SERVERS: 'b:9092' }
const QUEUE = { orders: { queues: ['orders'] } }

function refusal(
  feeds: Parameters<typeof contractsFrom>[0],
  env: Record<string, string> = {},
  params: readonly string[] = [],
): string {
  const work = () => deploymentOf(contractsFrom(feeds), { ...MSK_IAM, ...env }, readOptions(params))
  return problemsOf(work).join('\n')
}

test('a queue name that is too long with the prefix of the stage is refused', () => {
  assert.match(
    refusal({ orders: { queues: ['q'.repeat(75)] } }, { KAFKA_QUEUE_PREFIX: 'staging-' }),
    /queue staging-q+: expected a name of at most 80 characters, got 83 with KAFKA_QUEUE_PREFIX staging-\./,
  )
})

test('a queue with the name of another queue’s DLQ is refused', () => {
  assert.match(
    refusal({ orders: { queues: ['a'] }, others: { queues: ['kafka-producer-dev-a-failures'] } }),
    /contracts\/others\.json: queue kafka-producer-dev-a-failures: expected a name that no other queue/,
  )
})

test('a dead-letter topic with a name that Kafka does not accept is refused', () => {
  assert.match(
    refusal({ ['t'.repeat(249)]: { http: true } }, { KAFKA_DEAD_LETTER: 'kafka:{topic}-dlt' }),
    /KAFKA_DEAD_LETTER: expected topics of at most 249 letters, got 253: t+-dlt\./,
  )
})

test('an environment of more than 4,096 bytes is refused, naming the longest setting', () => {
  assert.match(
    refusal(QUEUE, { KAFKA_CLIENT_ID: 'c'.repeat(4000) }),
    /KAFKA_CLIENT_ID: expected an environment of at most 4096 bytes .*, got 4\d\d\d for redrive; .* 4000 of them\./,
  )
})

test('an event pattern of more than 2,048 characters is refused', () => {
  assert.match(
    refusal({ orders: { events: ['s'.repeat(2048)] } }),
    /contracts\/orders\.json: from\.eventbridge: expected an event pattern of at most 2048 characters, got 2063; make/,
  )
})

test('reserved concurrency below what the queues of a function may use is refused', () => {
  const params = ['reservedConcurrency=19', 'maximumConcurrency=10']
  assert.match(
    refusal({ orders: { queues: ['a', 'b'] } }, {}, params),
    /--param reservedConcurrency: expected at least 20 for sqs, as its 2 queue\(s\).*; got 19\./,
  )
  deploymentFrom({ orders: { queues: ['a', 'b'] } }, ['reservedConcurrency=20', 'maximumConcurrency=10'])
})

test('incomplete ARNs are refused', () => {
  const cluster = CLUSTER.replace(/\/[0-9a-f-]+$/, '')
  assert.match(refusal(QUEUE, { KAFKA_MSK_CLUSTER_ARN: cluster }), /KAFKA_MSK_CLUSTER_ARN: .*<name>\/<uuid>/)
  const secret = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:kafka'
  assert.match(refusal(QUEUE, { KAFKA_SECRET_ARN: secret }), /KAFKA_SECRET_ARN: .* six characters at its end/)
})

test('complete ARNs are accepted: of MSK Serverless, of secrets, of parameters', () => {
  for (const env of [
    { KAFKA_MSK_CLUSTER_ARN: CLUSTER.replace(/-1$/, '-s2') },
    { KAFKA_MSK_CLUSTER_ARN: CLUSTER.replace('arn:aws:', 'arn:aws-us-gov:') },
    { KAFKA_SECRET_ARN: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:team/AmazonMSK_alice-AbC123' },
    { KAFKA_SECRET_ARN: 'arn:aws:ssm:eu-west-1:123456789012:parameter/kafka/alice' },
  ])
    deploymentOf(contractsFrom(QUEUE), { ...MSK_IAM, ...env }, readOptions([]))
})

test('permissions that don’t fit into the policies of a role are refused, naming the parameter that helps', () => {
  const feeds = Object.fromEntries(
    Array.from({ length: 250 }, (_, n) => [`${'t'.repeat(245)}-${n}`, { http: true as const }]),
  )
  assert.match(refusal(feeds), /HttpRole: expected rights of at most 10240 characters.*--param topicPrefixes/)
  deploymentFrom(feeds, [`topicPrefixes=${'t'.repeat(100)}`])
})

test('a topic prefix that no role names is refused', () => {
  assert.match(refusal(QUEUE, {}, ['topicPrefixes=payments-']), /--param topicPrefixes: .*, got payments-\./)
  assert.throws(
    () => deploymentOf(contractsFrom(QUEUE), BROKERS, readOptions(['topicPrefixes=orders'])),
    /--param topicPrefixes/,
  )
})

test('a template that exceeds AWS’s limits for resources, outputs, bytes or policies is refused', () => {
  const queues = Array.from({ length: 120 }, (_, n) => `queue-${n}`)
  const [problem] = templateProblems(templateFrom(deploymentFrom({ orders: { queues } })))
  assert.match(problem ?? '', /^resources of a stack: expected at most 500, got 7\d\d\. A queue has six/)
  const small = templateFrom(deploymentFrom(QUEUE))
  const of = (id: string, Type: string, Properties: Record<string, unknown>) =>
    templateProblems({ ...small, Resources: { ...small.Resources, [id]: { Type, Properties } } })
  const document = (bytes: number) => ({ Version: '2012-10-17', Statement: [{ Resource: 'r'.repeat(bytes) }] })
  assert.match(
    of('R', 'AWS::IAM::Role', { Policies: [6000, 6000].map(n => ({ PolicyDocument: document(n) })) }).join(),
    /^characters of the policies of R: expected at most 10240, got 12\d{3}\.$/,
  )
  for (const [type, most] of [
    ['AWS::IAM::ManagedPolicy', 6144],
    ['AWS::SQS::QueuePolicy', 8192],
  ] as const) {
    assert.match(
      of('P', type, { PolicyDocument: document(most) }).join(),
      new RegExp(`of P: expected at most ${most}, `),
    )
    assert.deepEqual(of('P', type, { PolicyDocument: document(most - 200) }), [])
  }
  assert.match(
    of('P', 'AWS::Lambda::Permission', { SourceArn: 's'.repeat(20_480) }).join(),
    /permissions to invoke .*expected at most 20480/,
  )
  const Outputs = Object.fromEntries(Array.from({ length: 201 }, (_, n) => [`O${n}`, { Value: '' }]))
  assert.match(templateProblems({ ...small, Outputs }).join(), /^outputs of a stack: expected at most 200, got 201\.$/)
  assert.match(
    templateProblems({ ...small, Outputs: { O: { Value: 'x'.repeat(1_048_576) } } }).join(),
    /^bytes of a template: expected at most 1048576, got 1\d{6}\.$/,
  )
})

test('a value that the packager or CloudFormation would treat as a variable is refused', () => {
  const variable = (name: string) => `\${${name}}`
  const feeds = { orders: { http: true, queues: ['orders'], events: ['shop'] } } as const
  const secret = variable('env:SECRET')
  for (const [name, value] of [
    ['KAFKA_CLIENT_ID', `x${secret}`],
    ['KAFKA_DEAD_LETTER', `s3:letters/${variable('x')}`],
    ['KAFKA_REDRIVE_ALLOW', `s3:letters/${variable('x')}`],
  ] as const)
    assert.ok(refusal(feeds, { [name]: value }).includes(`${name}: expected no \${, by which variables`), name)
  for (const [name, value] of [
    ['jwtAudience', secret],
    ['filterPatterns.orders', JSON.stringify([{ body: { [variable('self:service')]: ['a'] } }])],
  ] as const) {
    const jwt = name === 'jwtAudience' ? ['httpAuth=jwt', 'jwtIssuer=https://issuer.example.com'] : []
    const says = `--param ${name.replace('.orders', '')}: expected no \${, by which variables`
    assert.ok(refusal(feeds, {}, [...jwt, `${name}=${value}`]).includes(says), name)
  }
  const of = 'contracts/orders.json: from.eventbridge'
  assert.ok(refusal({ orders: { events: [secret] } }).includes(`${of}: expected no \${, by which variables`))
  assert.equal(refusal(feeds, { KAFKA_CLIENT_ID: 'a$b{c}' }), '')
})
