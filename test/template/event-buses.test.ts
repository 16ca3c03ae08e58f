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
