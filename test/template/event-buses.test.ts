// Rules of custom event buses and with full event patterns.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployed } from '../support/deployed.ts'

const ARN = `arn:\${AWS::Partition}:events:\${AWS::Region}:\${AWS::AccountId}:rule/`
const PATTERN = { source: [{ prefix: 'shop.' }], detail: { total: [{ numeric: ['>', 0, '<=', 5] }] } }

test('a pattern is the rule’s as it stands', () => {
  const [rule] = deployed({ t: { eventbridge: [{ pattern: PATTERN }] } }).ofType('AWS::Events::Rule')
  assert.deepEqual(rule.EventPattern, PATTERN)
  assert.equal(rule.EventBusName, undefined)
})

test('a rule is on the bus of its feed, else on that of the deployment; both may invoke the function', () => {
  const { ofType, resources } = deployed(
    {
      a: { eventbridge: [{ source: ['a'], bus: 'orders' }] },
      b: { eventbridge: [{ source: ['b'] }] },
      c: { eventbridge: [{ source: ['c'], bus: 'default' }] },
    },
    ['eventBus=shared'],
  )
  assert.deepEqual(
    ofType('AWS::Events::Rule').map(({ EventPattern, EventBusName }) => [EventPattern.source[0], EventBusName]),
    [
      ['a', 'orders'],
      ['b', 'shared'],
      ['c', undefined],
    ],
  )
  const sources = ['orders/', 'shared/', ''].map(bus => ({ 'Fn::Sub': `${ARN}${bus}kafka-producer-dev-*` }))
  assert.deepEqual(
    ofType('AWS::Lambda::Permission').map(({ SourceArn }) => SourceArn),
    sources,
  )
  const { PolicyDocument } = resources.EventRuleFailuresPolicy?.Properties ?? {}
  assert.deepEqual(PolicyDocument.Statement[1].Condition.ArnLike['aws:SourceArn'], sources)
})

test('the order of sources and fields changes no rule; a bus makes another rule', () => {
  const ruleIds = (feed: object, params: string[] = []) =>
    Object.entries(deployed({ t: { eventbridge: [feed] } }, params).resources)
      .filter(([, { Type }]) => Type === 'AWS::Events::Rule')
      .map(([id, { Properties }]) => [id, Properties.Name])
  const first = ruleIds({ source: ['a', 'b'], 'detail-type': ['x'] })
  assert.deepEqual(ruleIds({ pattern: { 'detail-type': ['x'], source: ['b', 'a'] } }), first)
  assert.notDeepEqual(ruleIds({ source: ['a', 'b'], 'detail-type': ['x'] }, ['eventBus=other']), first)
})

test('a rule comes after what its events need: the right to invoke, the policy of its queue, the destination', () => {
  const feeds = { t: { eventbridge: [{ source: ['a'], bus: 'orders' }, { source: ['b'] }] } }
  const { resources } = deployed(feeds, ['provisionedConcurrency.eventbridge=1'])
  const rules = Object.values(resources).filter(({ Type }) => Type === 'AWS::Events::Rule')
  const needed = rules.map(rule => (rule as unknown as { DependsOn: readonly string[] }).DependsOn)
  const typesOf = (ids: readonly string[]) => ids.map(id => resources[id]?.Type)
  const types = ['AWS::Lambda::Permission', 'AWS::SQS::QueuePolicy']
  const configs = ['AWS::Lambda::EventInvokeConfig', 'AWS::Lambda::EventInvokeConfig']
  assert.deepEqual(needed.map(typesOf), [
    [...types, ...configs],
    [...types, ...configs],
  ])
  const buses = needed.map(([permission = '']) => resources[permission]?.Properties.SourceArn['Fn::Sub'])
  assert.deepEqual(buses, [`${ARN}orders/kafka-producer-dev-*`, `${ARN}kafka-producer-dev-*`])
})
