// Alarms exist only for resources of the stack, and each leads to its section of docs/operations.md.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Contracts } from '../../lib/contracts/contract.ts'
import { deploymentOf } from '../../scripts/template/deployment.ts'
import { readOptions } from '../../scripts/template/options.ts'
import { cloudFormationResources } from '../../scripts/template/resources.ts'
import { contractsFedBy } from '../support/contracts.ts'

const ENV = { KAFKA_BOOTSTRAP_SERVERS: 'broker:9092' }
type From = Record<string, unknown>
const contracts = (...froms: From[]) => contractsFedBy(Object.fromEntries(froms.map((from, n) => [`t-${n}`, from])))
const deployment = (of: Contracts, params: readonly string[] = []) => deploymentOf(of, ENV, readOptions(params))
// biome-ignore lint/suspicious/noExplicitAny: a template has every shape
type Resources = Record<string, { readonly Type: string; readonly Properties: any }>
const resourcesOf = (of: Contracts, params: readonly string[] = []) =>
  cloudFormationResources(deployment(of, params)) as Resources
const alarmsIn = (resources: Resources) =>
  Object.keys(resources).flatMap(id => (id.endsWith('Alarm') ? [id.replace(/Alarm$/, '')] : []))

const OF_FUNCTION = ['Errors', 'Throttles', 'Slow', 'ConnectionAttempts']
const of = (name: string, kinds: readonly string[]) => kinds.map(kind => `${name}${kind}`)
const ALWAYS = [...of('Redrive', OF_FUNCTION), ...of('DeadLettersQueue', ['NotEmpty', 'Oldest'])]
const HTTP = { http: true }
const QUEUE = { http: false, sqs: [{ queue: 'orders' }] }
const EVENTS = { http: false, eventbridge: [{ source: ['shop'] }] }

test('only resources in the stack have alarms', () => {
  const everything = new Map<string, string[]>([
    ['', []],
    ['http', [...of('Http', [...OF_FUNCTION, 'Returned', '5xx']), 'RecordsNotArriving']],
    [
      'sqs',
      [
        ...of('Sqs', [...OF_FUNCTION, 'Returned']),
        'OrdersQueueAge',
        'OrdersQueueFailuresNotEmpty',
        'RecordsNotArriving',
      ],
    ],
    [
      'events',
      [
        ...of('Eventbridge', [...OF_FUNCTION, 'Returned', 'AsyncEventsDropped', 'AsyncEventAge']),
        'EventbridgeDestinationDeliveryFailures',
        ...of('EventRules1', ['FailedInvocations', 'InvocationsFailedToBeSentToDlq']),
        ...of('EventRuleFailuresQueue', ['NotEmpty', 'Oldest']),
        'RecordsNotArriving',
      ],
    ],
  ])
  const feeds: Record<string, From[]> = { '': [], http: [HTTP], sqs: [QUEUE], events: [EVENTS] }
  for (const [name, expected] of everything)
    assert.deepEqual(
      alarmsIn(resourcesOf(contracts(...(feeds[name] ?? [])))).sort(),
      [...ALWAYS, ...expected].sort(),
      name,
    )
  const withQueue = alarmsIn(resourcesOf(contracts(EVENTS), ['eventFailures=sqs']))
  for (const kind of ['NotEmpty', 'Oldest']) assert.ok(withQueue.includes(`EventFailuresQueue${kind}`))
})

test('metrics have the names and dimensions of AWS, and those of the functions', () => {
  const resources = resourcesOf(contracts(HTTP, QUEUE, EVENTS))
  const [rule] = deployment(contracts(HTTP, QUEUE, EVENTS)).rules
  const metric = (id: string) => {
    const { Namespace, MetricName, Dimensions } = resources[`${id}Alarm`]?.Properties ?? {}
    const dimensions = Object.fromEntries(
      (Dimensions as { Name: string; Value: unknown }[]).map(({ Name, Value }) => [Name, Value]),
    )
    return [Namespace, MetricName, dimensions]
  }
  const lambda = (name: string) => ({ FunctionName: `kafka-producer-dev-${name}` })
  const own = { service: 'kafka-producer-dev-http', function: 'kafka-producer-dev-http' }
  const events = { RuleName: rule?.name }
  const queue = (id: string) => ({ QueueName: { 'Fn::GetAtt': [id, 'QueueName'] } })
  for (const [id, ...expected] of [
    ['HttpReturned', 'ServerlessKafkaProducer', 'RecordsReturned', own],
    ['Http5xx', 'AWS/ApiGateway', '5xx', { ApiId: { Ref: 'HttpApi' } }],
    ['EventbridgeAsyncEventsDropped', 'AWS/Lambda', 'AsyncEventsDropped', lambda('eventbridge')],
    ['EventbridgeAsyncEventAge', 'AWS/Lambda', 'AsyncEventAge', lambda('eventbridge')],
    ['EventbridgeDestinationDeliveryFailures', 'AWS/Lambda', 'DestinationDeliveryFailures', lambda('eventbridge')],
    ['EventRules1FailedInvocations', 'AWS/Events', 'FailedInvocations', events],
    ['EventRules1InvocationsFailedToBeSentToDlq', 'AWS/Events', 'InvocationsFailedToBeSentToDlq', events],
    ['DeadLettersQueueOldest', 'AWS/SQS', 'ApproximateAgeOfOldestMessage', queue('DeadLettersQueue')],
    ['OrdersQueueAge', 'AWS/SQS', 'ApproximateAgeOfOldestMessage', queue('OrdersQueue')],
  ] as const)
    assert.deepEqual(metric(id), expected)
})

test('a rule of another bus is found by its bus too', () => {
  const resources = resourcesOf(contracts(EVENTS), ['eventBus=orders'])
  assert.deepEqual(resources.EventRules1FailedInvocationsAlarm?.Properties.Dimensions[0], {
    Name: 'EventBusName',
    Value: 'orders',
  })
})

test('many rules share alarms of ten metrics, and many alarms share composites whose rule is short enough', () => {
  const many = Array.from({ length: 100 }, (_, n) => ({
    http: false,
    sqs: [{ queue: `queue-of-team-${n}` }],
    eventbridge: [{ source: [`shop-${n}`] }],
  }))
  const resources = resourcesOf(contracts(...many))
  const rules = Object.entries(resources).filter(([id]) => id.startsWith('EventRules') && id.endsWith('Alarm'))
  assert.equal(rules.length, 20)
  for (const [, { Properties }] of rules) {
    assert.equal(Properties.MetricName, undefined)
    assert.equal(Properties.Metrics.length, 11)
    assert.deepEqual(
      Properties.Metrics.filter(({ ReturnData }: { ReturnData: boolean }) => ReturnData).map(
        ({ Expression }: { Expression: string }) => Expression,
      ),
      ['SUM(FILL(METRICS(), 0))'],
    )
  }
  const composites = Object.entries(resources).filter(([, { Type }]) => Type === 'AWS::CloudWatch::CompositeAlarm')
  const rulesOf = composites.map(([, { Properties }]) => Properties.AlarmRule['Fn::Sub'] as string)
  for (const rule of rulesOf) assert.ok(rule.replaceAll(/\$\{\w+\}/g, 'x'.repeat(255)).length <= 10_240)
  const members = rulesOf.flatMap(rule => [...rule.matchAll(/ALARM\("\$\{(\w+)\}"\)/g)].map(([, id = '']) => id))
  // Each once, and each exists.
  assert.equal(new Set(members).size, members.length)
  for (const id of members) assert.ok(resources[id], id)
  const all = alarmsIn(resources).filter(id =>
    /(QueueAge|Returned|Dropped|EventAge|Invocations|Failures|Dlq)$/.test(id),
  )
  assert.equal(members.filter(id => !id.startsWith('RecordsNotArriving')).length, all.length)
  const [top] = composites.filter(([id]) => id === 'RecordsNotArrivingAlarm')
  assert.match(top?.[1].Properties.AlarmRule['Fn::Sub'], /^ALARM\("\$\{RecordsNotArriving1Alarm\}"\) OR /)
})

test('thresholds are parameters; every alarm, composites too, notifies the SNS topic', () => {
  const topic = 'arn:aws:sns:eu-west-1:123456789012:alarms'
  const resources = resourcesOf(contracts(HTTP, QUEUE, EVENTS), [
    ...[
      'alarmErrors=3',
      'alarmThrottles=4',
      'alarmReturned=5',
      'alarmServerErrors=6',
      'alarmSlowPercent=50',
      'alarmPeriods=2',
    ],
    ...['alarmConnectionAttempts=7', 'alarmEventAgeS=8', 'alarmMessageAgeS=9', 'alarmDeadLetterAgeS=10'],
    `alarmTopicArn=${topic}`,
  ])
  const condition = (id: string) => {
    const { Threshold, EvaluationPeriods } = resources[`${id}Alarm`]?.Properties ?? {}
    return [Threshold, EvaluationPeriods]
  }
  assert.deepEqual(condition('SqsErrors'), [3, 2])
  assert.deepEqual(condition('SqsThrottles'), [4, 2])
  assert.deepEqual(condition('SqsReturned'), [5, 2])
  assert.deepEqual(condition('Http5xx'), [6, 2])
  assert.deepEqual(condition('SqsSlow'), [30_000, 2])
  assert.deepEqual(condition('SqsConnectionAttempts'), [7, 5])
  assert.deepEqual(condition('EventbridgeAsyncEventAge'), [8000, 2])
  assert.deepEqual(condition('OrdersQueueAge'), [9, 1])
  assert.deepEqual(condition('DeadLettersQueueOldest'), [10, 1])
  const alarms = Object.entries(resources).filter(([, { Type }]) => /Alarm$/.test(Type))
  assert.ok(alarms.length > 20)
  for (const [id, { Properties }] of alarms)
    assert.deepEqual([Properties.AlarmActions, Properties.OKActions], [[topic], [topic]], id)
})

test('each description leads to a section of docs/operations.md, and each section has its alarm', () => {
  const document = readFileSync('docs/operations.md', 'utf8')
  const [, section = ''] = /^## Alarms\n(.*?)^## /ms.exec(document) ?? []
  const anchors = [...section.matchAll(/^### (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
  const resources = resourcesOf(contracts(HTTP, QUEUE, EVENTS))
  const linked = Object.entries(resources).flatMap(([id, { Type, Properties }]) => {
    if (!/Alarm$/.test(Type)) return []
    const [, anchor] = / See docs\/operations\.md#([\w-]+)$/.exec(Properties.AlarmDescription) ?? []
    assert.ok(anchor !== undefined && anchors.includes(anchor), `${id}: ${Properties.AlarmDescription}`)
    return [anchor]
  })
  assert.deepEqual([...new Set(linked)].sort(), [...anchors].sort())
})
