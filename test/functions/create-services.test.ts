// What a function does at init: it takes its settings from the environment, refuses those that no function or this one
// can work with, and reports that no broker was reached.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ConfigError } from '../../lib/errors.ts'
import { provideContracts } from '../support/compiled-contracts.ts'
import { contractsFedBy } from '../support/contracts.ts'

provideContracts(contractsFedBy({ chat: { sqs: [{ queue: 'work' }] } }))
const { createServices } = await import('../../functions/create-services.ts')

/** Nobody listens there. */
const ENV = {
  KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:1',
  KAFKA_DEAD_LETTER: 'disk:/tmp/dead-letters',
  POWERTOOLS_DEV: 'true',
}

function setEnvironment(t: TestContext, variables: Readonly<Record<string, string>>): void {
  Object.assign(process.env, variables)
  t.after(() => {
    for (const name of Object.keys(variables)) delete process.env[name]
  })
}

async function problemsOf(
  t: TestContext,
  trigger: 'http' | 'sqs' | 'eventbridge',
  env: Readonly<Record<string, string>>,
) {
  setEnvironment(t, { ...ENV, ...env })
  try {
    const { factory } = await createServices(trigger)
    await factory.close()
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.problems
  }
  return []
}

test('a default topic without a contract is refused', async t => {
  assert.deepEqual(await problemsOf(t, 'sqs', { KAFKA_DEFAULT_TOPIC: 'other' }), [
    'KAFKA_DEFAULT_TOPIC: expected a topic that has a contract, got another.',
  ])
})

test('what no function accepts is refused together with what this one does not', async t => {
  const problems = await problemsOf(t, 'sqs', { KAFKA_ACKS: '1', KAFKA_DEFAULT_TOPIC: 'other' })
  assert.deepEqual(
    problems.map(problem => problem.split(':')[0]),
    ['acks (KAFKA_ACKS)', 'KAFKA_DEFAULT_TOPIC'],
  )
})

test('without a dead-letter target invalid records of queues and events have no place', async t => {
  for (const trigger of ['sqs', 'eventbridge'] as const)
    assert.deepEqual(await problemsOf(t, trigger, { KAFKA_DEAD_LETTER: 'none' }), [
      'KAFKA_DEAD_LETTER: expected a target, got none; there would be no place for an invalid record.',
    ])
})

test('the HTTP function needs a dead-letter target unless its callers keep what fails', async t => {
  assert.deepEqual(await problemsOf(t, 'http', { KAFKA_DEAD_LETTER: 'none' }), [
    'KAFKA_DEAD_LETTER: expected a target, got none. Or set KAFKA_ON_FAILURE_HTTP=return, so that callers keep the ' +
      'records that fail.',
  ])
  assert.deepEqual(await problemsOf(t, 'http', { KAFKA_DEAD_LETTER: 'none', KAFKA_ON_FAILURE_HTTP: 'return' }), [])
})

test('the services are made of the environment; that no broker was reached is only a warning', async t => {
  const warnings: string[] = []
  t.mock.method(console, 'warn', (text: string) => void warnings.push(text))
  setEnvironment(t, {
    ...ENV,
    KAFKA_QUEUE_PREFIX: 'dev-',
    KAFKA_DEFAULT_TOPIC: 'chat',
    POWERTOOLS_SERVICE_NAME: 'mine',
  })
  const { contracts, config, factory, deadLetters, log } = await createServices('http')
  t.after(() => factory.close())
  t.after(() => deadLetters.close())
  assert.equal(contracts.get('chat')?.sqs[0]?.queue, 'dev-work')
  assert.equal(config.defaultTopic, 'chat')
  const { service, message } = JSON.parse(warnings.at(-1) ?? '{}')
  assert.deepEqual([service, message], ['mine', 'No broker was reached during init; the invocation tries again.'])
  const producer = factory.getProducer(config)
  const [report] = await producer.sendAll([{ topic: 'unknown', value: 'v' }])
  assert.equal(report?.kind === 'failed' && report.code, 'unknown-topic')
  log.warn('through the log')
  assert.equal(JSON.parse(warnings.at(-1) ?? '{}').message, 'through the log')
})

test('without POWERTOOLS_SERVICE_NAME the log has the name of the trigger', async t => {
  const warnings: string[] = []
  t.mock.method(console, 'warn', (text: string) => void warnings.push(text))
  setEnvironment(t, ENV)
  const { factory, log } = await createServices('sqs')
  t.after(() => factory.close())
  log.warn('w')
  assert.equal(JSON.parse(warnings.at(-1) ?? '{}').service, 'sqs')
})
