// Redrive from S3 and DynamoDB (moto) into a real Kafka, with claims and notifications.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge'
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns'
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { createDeadLetterPublisher } from '../../lib/create-dead-letter-publisher.ts'
import { DynamoDbDeadLetterTarget } from '../../lib/dead-letter/dynamodb/target.ts'
import { S3DeadLetterTarget } from '../../lib/dead-letter/s3/target.ts'
import { claimCompleter } from '../../lib/redrive/complete-claims.ts'
import { openDeadLetterStore } from '../../lib/redrive/open-dead-letters.ts'
import { claimReader } from '../../lib/redrive/read-claim.ts'
import { redrive } from '../../lib/redrive/redrive.ts'
import { parseRedriveRequest } from '../../lib/redrive/redrive-request.ts'
import { runRedrive } from '../../lib/redrive/run-redrive.ts'
import { createSourceMessageReader } from '../../lib/redrive/source-messages.ts'
import { createTopics, readTopic, untilInSync } from '../../local/kafka/admin.ts'
import { LocalKafka } from '../../local/kafka/cluster.ts'
import { deadLetterStoreContract } from '../dead-letter-store.contract.ts'
import { contractsOf } from '../support/contracts.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { createTable } from '../support/dynamodb-table.ts'
import { AWS_TEST_KEYS, startMoto } from '../support/moto.ts'
import { producerOf } from '../support/producer-of.ts'
import { deadlineIn } from '../support/time.ts'

const [moto, kafka] = await Promise.all([startMoto(), LocalKafka.start(1)])
after(async () => {
  moto.stop()
  await kafka.stop()
})
Object.assign(process.env, AWS_TEST_KEYS, { AWS_ENDPOINT_URL: moto.url })
const servers = kafka.bootstrapServers
const config = parseConfig({ bootstrapServers: [servers] }, {})
const s3 = new S3Client({ forcePathStyle: true })
await s3.send(new CreateBucketCommand({ Bucket: 'letters' }))
await createTable(new DynamoDBClient({}), 'letters')

deadLetterStoreContract(
  's3',
  servers,
  async () => ({
    target: new S3DeadLetterTarget('letters', 'prod'),
    open: () => openDeadLetterStore({ kind: 's3', bucket: 'letters', prefix: 'prod' }, config),
  }),
  { parallel: 'refused' },
)
deadLetterStoreContract(
  'dynamodb',
  servers,
  async () => ({
    target: new DynamoDbDeadLetterTarget('letters'),
    open: () => openDeadLetterStore({ kind: 'dynamodb', table: 'letters' }, config),
  }),
  {
    parallel: 'refused',
  },
)

test('a value in a claim is sent; if the claim is missing, the dead letter stays', async () => {
  await createTopics(servers, [{ topic: 'claims', partitions: 1 }])
  await untilInSync(servers, 'claims', 1)
  const chain = createDeadLetterPublisher(
    parseConfig({ bootstrapServers: [servers], deadLetter: 'dynamodb:letters,s3:letters/claims-of' }, {}),
  )
  const large = deadLetterOf('large', Buffer.alloc(500_000, 'x'), 'claims')
  assert.match(String((await chain.store([large]))[0]), /^dynamodb:/)
  await chain.close()
  const store = await openDeadLetterStore({ kind: 'dynamodb', table: 'letters' }, config)
  for await (const open of store.deadLetters()) assert.equal(open.deadLetter.record.value, null)
  const producer = producerOf([servers])
  const s3Target = { kind: 's3', bucket: 'letters', prefix: 'claims-of' } as const
  const readClaim = claimReader([s3Target])
  const warnings: string[] = []
  const completeClaim = claimCompleter([s3Target], text => warnings.push(text))
  const result = await redrive(store, { producer, readClaim, completeClaim, timestamp: 'now' })
  assert.equal(result.resent, 1)
  assert.equal((await readTopic(servers, 'claims'))[0]?.value?.length, 500_000)
  const whole = deadLetterOf('lost', 'v', 'claims')
  const lost = {
    ...whole,
    record: { ...whole.record, value: null },
    claimCheck: { target: `s3://letters/claims-of/claims/${whole.deadLetterId}`, sha256: '0'.repeat(64), bytes: 1 },
  }
  await new DynamoDbDeadLetterTarget('letters').store([lost], deadlineIn(5000))
  const open = await openDeadLetterStore({ kind: 'dynamodb', table: 'letters' }, config)
  assert.deepEqual((await redrive(open, { producer, readClaim })).failed, { 'claim-missing': 1 })
  const mark = { Bucket: 'letters', Key: `claims-of/claims/${large.deadLetterId}.completed` }
  assert.equal((await s3.send(new GetObjectCommand(mark))).ContentLength, 0)
  await Promise.all([store.close(), open.close(), producer.close()])
  assert.deepEqual(warnings, [])
})

test('a record of a failed invocation, larger than SQS takes, is redriven from a versioned bucket', async () => {
  const Bucket = 'failures'
  await s3.send(new CreateBucketCommand({ Bucket }))
  const VersioningConfiguration = { Status: 'Enabled' } as const
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
  const topic = 'from-bucket'
  await createTopics(servers, [{ topic, partitions: 1 }])
  await untilInSync(servers, topic, 1)
  const from = { eventbridge: [{ source: ['shop'] }] }
  const limits = { valueBytes: 1_000_000 }
  const contracts = contractsOf([{ topic, json: { key: { required: false }, limits, from } as never }])
  const arn = 'arn:aws:lambda:us-east-1:123456789012:function:app-eventbridge'
  const record = (id: string, functionArn: string) => ({
    version: '1.0',
    requestContext: { requestId: id, functionArn: `${functionArn}:$LATEST`, condition: 'RetriesExhausted' },
    requestPayload: { id, source: 'shop', 'detail-type': 'Order', detail: { id, text: 'x'.repeat(900_000) } },
    responsePayload: { errorMessage: 'y'.repeat(400_000) },
  })
  const put = (Key: string, body: object) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body: JSON.stringify(body), ContentType: 'application/json' }))
  const prefix = 'aws/lambda/async/app-eventbridge/2026/11/27'
  await put(`${prefix}/2026-11-27T08.00.00-1`, record('e-1', arn))
  await put(`${prefix}/2026-11-27T08.00.01-2`, record('forged', `${arn}-of-another`))
  const redriveFrom = `failure-bucket:${Bucket}?function=${arn}`
  const config = parseConfig({ bootstrapServers: [servers], deadLetter: 's3:letters/none', redriveFrom }, {})
  const context = { config, contracts, readSourceMessage: createSourceMessageReader(contracts, config) }
  const run = async () => (await runRedrive(parseRedriveRequest({ from: redriveFrom }), context))[0]
  const first = await run()
  assert.deepEqual([first?.resent, first?.unreadable, first?.stopped], [1, 1, undefined], JSON.stringify(first))
  assert.deepEqual(
    (await readTopic(servers, topic)).map(({ headers }) => String(headers['kp-id'])),
    ['e-1'],
  )
  const again = await run()
  assert.deepEqual([again?.resent, again?.unreadable], [0, 1])
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }))
  assert.deepEqual(
    Contents.map(({ Key }) => Key),
    [`${prefix}/2026-11-27T08.00.01-2`],
  )
  // The version that was sent is hidden by a delete marker until the bucket's lifecycle removes it.
  const { Versions = [] } = await s3.send(
    new ListObjectVersionsCommand({ Bucket, Prefix: `${prefix}/2026-11-27T08.00.00` }),
  )
  assert.equal(Versions.length, 1)
})

test('SNS topics and event buses are notified of a dead letter, without its bytes', async () => {
  const [sns, sqs, events] = [new SNSClient({}), new SQSClient({}), new EventBridgeClient({})]
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'letters' }))
  const queue = async (name: string) => (await sqs.send(new CreateQueueCommand({ QueueName: name }))).QueueUrl as string
  const [ofTopic, ofBus] = [await queue('of-topic'), await queue('of-bus')]
  await sns.send(
    new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: 'arn:aws:sqs:us-east-1:123456789012:of-topic' }),
  )
  await events.send(new CreateEventBusCommand({ Name: 'ops' }))
  await events.send(
    new PutRuleCommand({
      Name: 'letters',
      EventBusName: 'ops',
      EventPattern: JSON.stringify({ source: ['serverless-kafka-producer'] }),
    }),
  )
  await events.send(
    new PutTargetsCommand({
      Rule: 'letters',
      EventBusName: 'ops',
      Targets: [{ Id: 'q', Arn: 'arn:aws:sqs:us-east-1:123456789012:of-bus' }],
    }),
  )
  const warnings: string[] = []
  const deadLetters = createDeadLetterPublisher(
    parseConfig(
      {
        bootstrapServers: [servers],
        deadLetter: 's3:letters/notified',
        deadLetterNotify: `sns:${TopicArn},eventbridge:ops`,
      },
      {},
    ),
    text => warnings.push(text),
  )
  const many = Array.from({ length: 12 }, (_, i) => deadLetterOf(`notified-${i}`, 'a secret value'))
  await deadLetters.store(many)
  await deadLetters.close()
  assert.deepEqual(warnings, [])
  for (const url of [ofTopic, ofBus]) {
    const bodies: string[] = []
    for (let empty = 0; empty < 2; ) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 }),
      )
      bodies.push(...Messages.map(({ Body }) => Body as string))
      empty = Messages.length === 0 ? empty + 1 : 0
    }
    assert.equal(bodies.length, 12, url)
    assert.match(bodies[0] as string, /unreachable/)
    assert.ok(
      !bodies.join().includes(Buffer.from('a secret value').toString('base64')) &&
        !bodies.join().includes('a secret value'),
    )
  }
})
