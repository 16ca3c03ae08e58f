// Any set of contracts can be deployed: no template has resources that AWS would refuse or that no contract feeds.
// Changing one contract never changes the ids and names of another's resources, because CloudFormation would replace
// them.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Template, templateProblems } from '../../scripts/template/template-limits.ts'
import { CONTRACT_SETS, deploymentFrom, templateFrom } from '../support/contract-sets.ts'

type Feeds = (typeof CONTRACT_SETS)[string]

const built = (feeds: Feeds, params?: readonly string[]) => templateFrom(deploymentFrom(feeds, params))

/** The paths of empty lists and objects. */
function emptyParts(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return []
  const entries = Object.entries(value)
  if (entries.length === 0) return [path]
  return entries.flatMap(([name, each]) => emptyParts(each, `${path}/${name}`))
}

/** Logical ids that expressions name. */
function references(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, each]): string[] => {
    if (name === 'Ref') return [each as string]
    if (name === 'Fn::GetAtt') return [(each as string[])[0] as string]
    return references(each)
  })
}

/** Physical names by logical id. */
function names({ Resources }: Template): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(Resources).map(([id, { Properties = {} }]) => [
      id,
      [Properties.QueueName, Properties.Name, Properties.FunctionName].find(name => typeof name === 'string'),
    ]),
  )
}

for (const [name, feeds] of Object.entries(CONTRACT_SETS))
  describe(name, () => {
    const deployment = deploymentFrom(feeds)
    const template = templateFrom(deployment)

    test('AWS’s limits hold, and nothing is empty', () => {
      assert.deepEqual(templateProblems(template), [])
      assert.deepEqual(
        emptyParts(template.Resources).filter(path => !path.endsWith('/metrics')),
        [],
      )
    })

    test('every reference has its resource', () => {
      const ids = Object.keys(template.Resources)
      for (const id of references(template.Resources)) assert.ok(ids.includes(id) || id.startsWith('AWS::'), id)
    })

    test('logical ids and names are valid in AWS, and unique', () => {
      for (const [id, { Type, Properties = {} }] of Object.entries(template.Resources)) {
        assert.match(id, /^[A-Za-z0-9]{1,255}$/)
        if (Type === 'AWS::SQS::Queue' && Properties.QueueName)
          assert.match(Properties.QueueName as string, /^[A-Za-z0-9_-]{1,80}$|^[A-Za-z0-9_-]{1,75}\.fifo$/)
        if (Type === 'AWS::CloudWatch::Alarm') assert.ok(String(Properties.AlarmDescription).length <= 1024, id)
        if (Type === 'AWS::Events::Rule') assert.match(Properties.Name as string, /^[.\-_A-Za-z0-9]{1,64}$/)
        if (Type === 'AWS::Lambda::Function') assert.match(Properties.FunctionName as string, /^[\w-]{1,64}$/)
      }
      const chosen = Object.values(names(template)).filter(each => each !== undefined)
      assert.equal(new Set(chosen).size, chosen.length)
    })

    test('a function exists if a contract feeds it, each with a role, its alarms and what it may read', () => {
      const all = Object.values(feeds)
      const queues = all.flatMap(({ queues = [] }) => queues)
      const fed = {
        http: all.some(({ http }) => http),
        sqs: queues.some(queue => !queue.endsWith('.fifo')),
        'sqs-fifo': queues.some(queue => queue.endsWith('.fifo')),
        eventbridge: all.some(({ events = [] }) => events.length > 0),
        redrive: true,
      }
      const keys = deployment.functions.map(({ key }) => key as string)
      assert.deepEqual(
        keys,
        Object.entries(fed).flatMap(([key, isFed]) => (isFed ? [key] : [])),
      )
      assert.equal(deployment.routes.length > 0, fed.http)
      const ofType = (type: string) => Object.values(template.Resources).filter(({ Type }) => Type === type)
      assert.equal(ofType('AWS::IAM::Role').length, keys.length)
      assert.equal(ofType('AWS::Lambda::EventSourceMapping').length, queues.length)
      assert.equal(ofType('AWS::Events::Rule').length, all.flatMap(({ events = [] }) => events).length)
      assert.equal(template.Resources.EventRuleFailuresQueue !== undefined, fed.eventbridge)
    })

    test('a contract that is added, removed or moved changes ids and names of its own resources only', () => {
      const all = names(template)
      assert.deepEqual(names(built(Object.fromEntries(Object.entries(feeds).toReversed()))), all)
      const topics = Object.keys(feeds)
      for (const topic of [topics[0], topics[Math.floor(topics.length / 2)], topics.at(-1)] as string[]) {
        const { [topic]: _, ...others } = feeds
        for (const [id, physicalName] of Object.entries(names(built(others)))) assert.equal(all[id], physicalName, id)
      }
    })
  })

test('a feed that is added before others of its contract changes none of theirs', () => {
  const before = { orders: { queues: ['orders', 'returns.fifo'], events: ['shop.orders', 'shop.returns'] } }
  const after = { orders: { queues: ['first', ...before.orders.queues], events: ['a.shop', ...before.orders.events] } }
  const namesAfter = names(built(after))
  for (const [id, name] of Object.entries(names(built(before)))) assert.equal(namesAfter[id], name, id)
})

test('topics that a role’s own policy has no room for are in managed policies, each topic once', () => {
  const { functions } = deploymentFrom(CONTRACT_SETS['100 topics'] as Feeds)
  const http = functions.find(({ key }) => key === 'http')
  const statements = http?.role.managedPolicies.flatMap(policy => policy.statements) ?? []
  const topics = statements.flatMap(({ Resource }) => Resource as string[])
  assert.equal(topics.length, 100)
  assert.equal(new Set(topics).size, 100)
  for (const { Action } of statements)
    assert.deepEqual(Action, ['kafka-cluster:DescribeTopic', 'kafka-cluster:WriteData'])
})

test('a topic that is added moves no other topic to another policy', () => {
  const placesOf = (count: number) => {
    const feeds = Object.entries(CONTRACT_SETS['100 topics'] as Feeds).slice(0, count)
    const { functions } = deploymentFrom(Object.fromEntries(feeds))
    return functions.flatMap(({ role }) =>
      role.managedPolicies.flatMap(({ id, statements }) =>
        statements.flatMap(({ Resource }) => (Resource as string[]).map(arn => `${id} ${arn}`)),
      ),
    )
  }
  const after = placesOf(100)
  for (const place of placesOf(99)) assert.ok(after.includes(place), place)
})

test('managed policies have the path of the roles', () => {
  const { Resources } = built(CONTRACT_SETS['100 topics'] as Feeds, ['rolePath=/teams/data/'])
  const policies = Object.values(Resources).filter(({ Type }) => Type.startsWith('AWS::IAM::'))
  assert.equal(policies.length, 20)
  for (const { Properties } of policies) assert.equal(Properties?.Path, '/teams/data/')
})

test('topicPrefixes: roles name the beginning of topics', () => {
  const { Resources } = built(CONTRACT_SETS['100 topics'] as Feeds, ['topicPrefixes=payments-'])
  const types = Object.values(Resources).map(({ Type }) => Type)
  assert.ok(!types.includes('AWS::IAM::ManagedPolicy'))
  assert.match(JSON.stringify(Resources.HttpRole), /"Resource":\["[^"]*:topic\/example\/[^"]*\/payments-\*"\]/)
})
