// Queues of another stack or account: mapped and read, but not created.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployed } from '../support/deployed.ts'

const FEEDS = { orders: { sqs: [{ queue: 'orders' }] }, chat: { sqs: [{ queue: 'chat.fifo' }] } }
const ARN = 'arn:aws:sqs:eu-west-1:111122223333:orders'
const DLQ = 'arn:aws:sqs:eu-west-1:111122223333:orders-dlq'
const KEY = 'arn:aws:kms:eu-west-1:111122223333:key/1'

test('an existing queue is mapped by its ARN; no queue, DLQ or alarm is created for it', () => {
  const { resources, ofType } = deployed(FEEDS, [`existingQueues=${ARN}`])
  const names = Object.keys(resources)
  assert.deepEqual(
    names.filter(name => name.startsWith('Orders')),
    [],
  )
  assert.ok(names.includes('ChatFifoQueue') && names.includes('ChatFifoQueueFailures'))
  assert.deepEqual(
    ofType('AWS::Lambda::EventSourceMapping').map(({ EventSourceArn }) => EventSourceArn),
    [{ 'Fn::GetAtt': ['ChatFifoQueue', 'Arn'] }, ARN].toReversed(),
  )
})

test('only the function that it feeds may receive from it, and decrypt with its key', () => {
  const { resources } = deployed(FEEDS, [`existingQueues=${ARN}`, `existingQueueKeyArns=${KEY}`])
  const policyOf = (role: string) => JSON.stringify(resources[role]?.Properties.Policies)
  assert.match(policyOf('SqsRole'), new RegExp(`"sqs:ReceiveMessage"[^}]*"Resource":\\["${ARN}"\\]`))
  assert.match(policyOf('SqsRole'), new RegExp(`"kms:Decrypt"\\],"Resource":\\["${KEY}"\\]`))
  assert.ok(!policyOf('SqsFifoRole').includes(ARN) && !policyOf('RedriveRole').includes(ARN))
})

test('redrive reads the DLQs of the stack by name and the existing ones by their URL', () => {
  const { functions, resources } = deployed(FEEDS, [`existingQueues=${ARN}`, `existingDlqs=${DLQ}`])
  const text = JSON.stringify(functions.redrive.environment.KAFKA_REDRIVE_FROM)
  assert.ok(!text.includes('{queue}'))
  assert.match(text, /source-dlq:[^"]*\/kafka-producer-dev-chat-failures\.fifo"/)
  assert.match(
    text,
    /"source-dlq:",\{"Fn::Sub":"https:\/\/sqs\.eu-west-1\.\$\{AWS::URLSuffix\}\/111122223333\/orders-dlq"/,
  )
  assert.ok(JSON.stringify(resources.RedriveRole).includes(DLQ))
})

test('an ARN whose queue no contract claims, and two queues of one name, are refused', () => {
  assert.throws(() => deployed(FEEDS, [`existingQueues=${ARN}s`]), /got orderss; did you mean orders\?/)
  assert.throws(
    () => deployed(FEEDS, [`existingQueues=${ARN},arn:aws:sqs:eu-west-1:444455556666:orders`]),
    /expected one queue called orders, got two/,
  )
  assert.throws(() => deployed(FEEDS, [`existingDlqs=${DLQ}`]), /expected existingQueues too/)
  assert.equal(deployed(FEEDS, [`existingQueues=${ARN}`], {}).ofType('AWS::SQS::Queue').length, 4)
  assert.throws(
    () => deployed(FEEDS, [`existingQueues=${ARN}`], { KAFKA_QUEUE_PREFIX: 'staging-' }),
    /expected queues that a contract claims, got orders/,
  )
})
