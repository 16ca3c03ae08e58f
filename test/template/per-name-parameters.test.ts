// Parameters of every function or queue, or of one: what they change, and what is refused.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployed } from '../support/deployed.ts'

const FEEDS = {
  orders: { sqs: [{ queue: 'orders' }, { queue: 'returns' }] },
  chat: { sqs: [{ queue: 'chat.fifo' }], eventbridge: [{ source: ['chat'] }] },
}
const mappingsOf = (...params: string[]) => {
  const mappings = deployed(FEEDS, params).ofType('AWS::Lambda::EventSourceMapping')
  return Object.fromEntries(mappings.map(mapping => [mapping.EventSourceArn['Fn::GetAtt'][0], mapping]))
}
const refused = (params: string[], says: RegExp) => assert.throws(() => deployed(FEEDS, params), says)

test('memory and timeout are those of the function, else of all; queues hide messages for six times as long', () => {
  const { functions, ofType } = deployed(FEEDS, [
    ...['memorySize=1024', 'memorySize.http=256', 'timeoutS.sqs=120', 'timeoutS.http=10'],
  ])
  const facts = Object.entries(functions).map(([key, { memorySize, timeout, environment }]) => {
    assert.equal(environment.KAFKA_FUNCTION_TIMEOUT_MS, String(timeout * 1000))
    return [key, memorySize, timeout]
  })
  assert.deepEqual(facts, [
    ['http', 256, 10],
    ['sqs', 1024, 120],
    ['sqs-fifo', 1024, 60],
    ['eventbridge', 1024, 60],
    ['redrive', 1024, 300],
  ])
  const hidden = ofType('AWS::SQS::Queue').flatMap(({ VisibilityTimeout }) => VisibilityTimeout ?? [])
  assert.deepEqual(hidden, [720, 720, 720])
  assert.equal(functions.sqs.environment.KAFKA_SQS_RETURN_DELAY_MAX_MS, '720000')
})

test('batches, windows and concurrency are those of the queue, else of all', () => {
  const mappings = mappingsOf('batchSize.orders=50', 'batchWindowS=5', 'maximumConcurrency.chat.fifo=3')
  const facts = ['OrdersQueue', 'ReturnsQueue', 'ChatFifoQueue'].map(id => {
    const { BatchSize, MaximumBatchingWindowInSeconds, ScalingConfig } = mappings[id]
    return [BatchSize, MaximumBatchingWindowInSeconds, ScalingConfig.MaximumConcurrency]
  })
  assert.deepEqual(facts, [
    [50, 5, 10],
    [1000, 5, 10],
    [10, undefined, 3],
  ])
  refused(
    ['batchSize=100'],
    /batchSize: expected at most 10 for the FIFO queue chat\.fifo, got 100; set batchSize\.chat/,
  )
  refused(['batchWindowS=0'], /batchWindowS: expected at least 1 with batches of more than 10 for orders, got 0/)
})

test('a queue may have the name of a property that every object has', () => {
  const names = ['constructor', 'toString', 'valueOf', '__proto__', 'hasOwnProperty']
  const queues = { orders: { sqs: names.map(queue => ({ queue })) } }
  const batchSizes = (params: string[]) =>
    deployed(queues, params)
      .ofType('AWS::Lambda::EventSourceMapping')
      .map(({ BatchSize }) => BatchSize)
  assert.deepEqual(batchSizes([]), [1000, 1000, 1000, 1000, 1000])
  assert.deepEqual(batchSizes(['batchSize=7', 'batchSize.__proto__=5']), [7, 7, 7, 5, 7])
})

test('filter patterns stand in the mapping as texts', () => {
  const patterns = [{ body: { type: ['order'], total: [{ numeric: ['>', 0] }] } }]
  const { OrdersQueue, ReturnsQueue } = mappingsOf(`filterPatterns.orders=${JSON.stringify(patterns)}`)
  assert.deepEqual(OrdersQueue.FilterCriteria, { Filters: [{ Pattern: JSON.stringify(patterns[0]) }] })
  assert.equal(ReturnsQueue.FilterCriteria, undefined)
  const fieldsNamedSo = '{"body":{"wildcard":["a"],"$or":[{"cidr":[1]},{"text":["\\"cidr\\":"]}]}}'
  const [filter] = mappingsOf(`filterPatterns.orders=[${fieldsNamedSo}]`).OrdersQueue.FilterCriteria.Filters
  assert.deepEqual(JSON.parse(filter.Pattern), JSON.parse(fieldsNamedSo))
  for (const wrong of [
    '[]',
    '[{"body":"x"}]',
    // Of a message from SQS, Lambda compares its body alone.
    '[{"type":["order"]}]',
    '[{"Body":{"type":["order"]}}]',
    '[{"body":{"type":["order"]},"attributes":{"a":["b"]}}]',
    `[{"body":{"type":["${'x'.repeat(4096)}"]}}]`,
    '[{"body":{"a":[{"wildcard" : "*"}]}}]',
    '[{"body":{"a":[{"anything-but":{"wildcard":"*"}}]}}]',
    '[{"body":{"$or":[{"a":[{"cidr":"10.0.0.0/8"}]},{"b":[1]}]}}]',
    '[{"body":{"a":[{"wildcard":"*"}]}}]',
    '{}',
    `[${'{"body":[1]},'.repeat(5)}{"body":[1]}]`,
  ])
    refused([`filterPatterns=${wrong}`], /filterPatterns: expected a JSON list of one to five filter patterns/)
})

test('provisioned pollers take the place of the maximum concurrency, and count as ten sandboxes each', () => {
  const { OrdersQueue, ReturnsQueue } = mappingsOf('maximumPollers.orders=20', 'minimumPollers.orders=4')
  assert.deepEqual(OrdersQueue.ProvisionedPollerConfig, { MinimumPollers: 4, MaximumPollers: 20 })
  assert.equal(OrdersQueue.ScalingConfig, undefined)
  assert.equal(ReturnsQueue.ProvisionedPollerConfig, undefined)
  refused(['minimumPollers.orders=4'], /minimumPollers: expected maximumPollers too for orders/)
  refused(['maximumPollers=4', 'minimumPollers=5'], /expected at most maximumPollers \(4\) for orders, got 5/)
  refused(['maximumPollers.orders=2', 'reservedConcurrency.sqs=29'], /expected at least 30 for sqs/)
})

test('a FIFO queue has its limit per queue, or per group with deduplication in the group', () => {
  const of = (...params: string[]) => {
    const { OrdersQueue, ChatFifoQueue } = deployed(FEEDS, params).resources
    return [OrdersQueue, ChatFifoQueue].map(queue => [
      queue?.Properties.FifoThroughputLimit,
      queue?.Properties.DeduplicationScope,
    ])
  }
  const standard = [undefined, undefined]
  assert.deepEqual(of(), [standard, ['perQueue', 'queue']])
  const perGroup = ['perMessageGroupId', 'messageGroup']
  assert.deepEqual(of('fifoThroughput.chat.fifo=perMessageGroupId'), [standard, perGroup])
  assert.deepEqual(of('fifoThroughput=perMessageGroupId'), [standard, perGroup])
})

test('with provisioned concurrency every trigger invokes the alias', () => {
  const { functions, resources, ofType } = deployed(FEEDS, [
    ...['provisionedConcurrency.sqs=5', 'provisionedConcurrency.eventbridge=2', 'reservedConcurrency.sqs=40'],
  ])
  assert.deepEqual(
    Object.values(functions).map(({ provisionedConcurrency }) => provisionedConcurrency),
    [undefined, 5, undefined, 2, undefined],
  )
  assert.equal(functions.sqs.reservedConcurrency, 40)
  const alias = { Ref: 'SqsProvConcLambdaAlias' }
  const mappings = mappingsOf('provisionedConcurrency.sqs=5')
  assert.deepEqual([mappings.OrdersQueue.FunctionName, mappings.ReturnsQueue.FunctionName], [alias, alias])
  assert.deepEqual(mappings.ChatFifoQueue.FunctionName, { 'Fn::GetAtt': ['SqsDashfifoLambdaFunction', 'Arn'] })
  const ofEvents = { Ref: 'EventbridgeProvConcLambdaAlias' }
  assert.deepEqual(ofType('AWS::Events::Rule')[0].Targets[0].Arn, ofEvents)
  assert.deepEqual(ofType('AWS::Lambda::Permission')[0].FunctionName, ofEvents)
  assert.equal(resources.EventbridgeLambdaEvConfOfAlias?.Properties.Qualifier, 'provisioned')
  refused(
    ['provisionedConcurrency.sqs=50', 'reservedConcurrency.sqs=40'],
    /expected at most reservedConcurrency \(40\)/,
  )
})

test('a name that the deployment does not have, and a timeout that API Gateway can’t wait for, are refused', () => {
  refused(['memorySize.sqss=512'], /memorySize\.sqss: unknown function; did you mean sqs\?/)
  refused(
    ['batchSize.order=5'],
    /batchSize\.order: expected a queue that a contract feeds, got order; did you mean orders\?/,
  )
  refused(['timeoutS=60'], /timeoutS: expected at most 29 for http, .*; got 60\. Set timeoutS\.http/)
  assert.throws(
    () => deployed({ t: {} }, ['memorySize.sqs=512']),
    /memorySize\.sqs: expected a function that a contract feeds, got sqs/,
  )
})
