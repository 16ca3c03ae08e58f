// Callers switch on `code`, which has a closed list; `causeCode` is the code of the driver or the broker.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { INVALID_RECORD_STATUS } from '../functions/http/dialects/native/invalid-record-status.ts'
import { REQUEST_STATUS } from '../functions/http/request-error.ts'
import { describeError, innermostMessage } from '../lib/errors.ts'
import {
  DeliveryError,
  ERROR_CODES,
  InvalidRecordError,
  KafkaProducerError,
  SerializationError,
  TransportError,
} from '../lib/index.ts'
import { producerOf } from './support/producer-of.ts'
import { withProducer } from './support/with-producer.ts'

test('without a broker every call fails with the code unreachable; the driver’s code is the causeCode', async () => {
  const producer = producerOf([`127.0.0.1:${await closedPort()}`], {
    maxBlockMs: 300,
    deliveryTimeoutMs: 1000,
    requestTimeoutMs: 500,
    ackTimeoutMs: 400,
  })
  const calls = {
    connect: () => producer.connect(),
    partitionsFor: () => producer.partitionsFor('chat'),
    send: () => producer.send({ topic: 'chat', value: 'v' }),
  }
  for (const [name, call] of Object.entries(calls)) {
    const error = await failureOf(call())
    assert.ok((name === 'send' ? error.cause : error) instanceof TransportError, name)
    assert.deepEqual([name, ...codesOf(error), error.retriable], [name, 'unreachable', 'UNREACHABLE', true])
  }
  const [report] = await producer.sendAll([{ topic: 'chat', value: 'v' }])
  assert.ok(report?.kind === 'failed')
  assert.deepEqual(codesOf(report), ['unreachable', 'UNREACHABLE'])
  await producer.close()
})

test('a broker’s error has a code of the library; the broker’s own is the causeCode of report and error', async () => {
  const NOT_LEADER_OR_FOLLOWER = 6
  const MESSAGE_TOO_LARGE = 10
  const script = {
    onProduce: ({ attempt }: { attempt: number }) => ({
      errorCode: attempt === 0 ? NOT_LEADER_OR_FOLLOWER : MESSAGE_TOO_LARGE,
    }),
  }
  await withProducer({ retries: 0 }, script, async producer => {
    const [moved] = await producer.sendAll([{ topic: 't', value: 'v' }])
    assert.ok(moved?.kind === 'failed' && moved.error instanceof DeliveryError)
    assert.deepEqual([codesOf(moved), codesOf(moved.error)], Array(2).fill(['no-leader', 'NOT_LEADER_OR_FOLLOWER']))
    assert.equal(moved.error.outcome, 'rejected')

    const [tooLarge] = await producer.sendAll([{ topic: 't', value: 'v' }])
    assert.ok(tooLarge?.kind === 'failed' && tooLarge.error instanceof InvalidRecordError)
    assert.deepEqual(
      [codesOf(tooLarge), codesOf(tooLarge.error)],
      Array(2).fill(['record-too-large', 'MESSAGE_TOO_LARGE']),
    )
    assert.equal(tooLarge.error.outcome, 'rejected')
  })
})

test('docs/delivery-semantics.md documents each code once per group, with its HTTP status', () => {
  const documented = tablesOf(readFileSync('docs/delivery-semantics.md', 'utf8'))
  const sorted = (codes: readonly string[] | undefined) => [...(codes ?? [])].sort()
  const codesIn = (heading: string) => sorted(documented.get(heading)?.map(([code]) => code))
  assert.deepEqual(codesIn('Invalid records'), sorted(ERROR_CODES['invalid-record']))
  assert.deepEqual(codesIn('Refused requests'), sorted(ERROR_CODES.request))
  assert.deepEqual(codesIn('Delivery failures'), sorted(ERROR_CODES['delivery-failure']))
  assert.deepEqual(
    codesIn('Dead letters and configuration'),
    sorted([...ERROR_CODES['dead-letter'], ...ERROR_CODES.config]),
  )
  assert.deepEqual(codesIn('Reading a log'), sorted(ERROR_CODES['record-batch']))
  const statusesIn = (heading: string) =>
    Object.fromEntries((documented.get(heading) ?? []).map(([code, status]) => [code, Number(status)]))
  assert.deepEqual(statusesIn('Invalid records'), { ...INVALID_RECORD_STATUS })
  assert.deepEqual(statusesIn('Refused requests'), { ...REQUEST_STATUS })
})

function codesOf({ code, causeCode }: { readonly code: string; readonly causeCode: string | null }) {
  return [code, causeCode]
}

async function failureOf(work: Promise<unknown>): Promise<KafkaProducerError> {
  const error = await work.then(
    () => undefined,
    error => error,
  )
  assert.ok(error instanceof KafkaProducerError, String(error))
  return error
}

/** The rows under each heading whose first cell is a code. */
function tablesOf(markdown: string): Map<string, [code: string, second: string][]> {
  const tables = new Map<string, [string, string][]>()
  for (const section of markdown.split(/^#+ /m)) {
    const rows = [...section.matchAll(/^\| `([^`]+)` \| ([^|]*) \|/gm)]
    tables.set(
      section.slice(0, section.indexOf('\n')),
      rows.map(([, code, second]) => [code as string, second as string]),
    )
  }
  return tables
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}

test('an error is described with what the system said, and without what a foreign error quotes', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:9'), { syscall: 'connect' })
  const both = new AggregateError([refused], 'several')
  assert.equal(
    describeError(new TransportError('unreachable', 'No broker.', { cause: new Error('wrapped', { cause: both }) })),
    'No broker (connect ECONNREFUSED 127.0.0.1:9).',
  )
  const quoting = new SyntaxError('Unexpected token in "a secret"')
  assert.equal(
    describeError(new InvalidRecordError('bad-json', 'value: no JSON.', { cause: quoting })),
    'value: no JSON.',
  )
  assert.equal(describeError(quoting), 'An unexpected error (SyntaxError).')
})

test('what JavaScript callers pass to an error is text, and a code that its class has', () => {
  const codes = [429, 'QUOTA', undefined, null, {}].map(
    causeCode => new SerializationError('delivery-failure', 'm', { causeCode: causeCode as never }).causeCode,
  )
  assert.deepEqual(codes, ['429', 'QUOTA', null, null, null])
  assert.equal(new InvalidRecordError('my-code' as never, 'm').code, 'bad-value')
  const { kind, code } = new SerializationError('invalid' as never, 'm')
  assert.deepEqual([kind, code], ['delivery-failure', 'serializer'])
  const violations = [{ pointer: '/x', rule: 'r' }, null, { pointer: '/y', rule: 'type', expected: 'string' }] as never
  const whole = [
    { pointer: '/x', rule: 'r', expected: 'what the schema says' },
    { pointer: '', rule: 'schema', expected: 'what the schema says' },
    { pointer: '/y', rule: 'type', expected: 'string' },
  ]
  assert.deepEqual(new SerializationError('invalid-record', 'm', { violations }).violations, whole)
  assert.deepEqual(new InvalidRecordError('schema', 'm', { violations }).violations, whole)
  assert.deepEqual(new InvalidRecordError('schema', 'm', { violations: 'x' as never }).violations, [])
})

test('an error among the causes whose getters throw is left out', () => {
  const silent = new TransportError('unreachable', 'No broker.')
  for (const name of ['message', 'syscall'])
    Object.defineProperty(silent, name, {
      get: () => {
        throw new Error('getter')
      },
    })
  const error = new TransportError('unreachable', 'No route.', { cause: silent })
  assert.deepEqual([describeError(error), innermostMessage(error)], ['No route.', 'No route.'])
})

// The original bug: writing the log line of a failed invocation never ended for an error that is its own cause.
test('an error that is its own cause, or whose cause can’t be read, is described', () => {
  const circular = new TransportError('unreachable', 'No broker.')
  circular.cause = circular
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  for (const error of [circular, new TransportError('unreachable', 'No broker.', { cause: proxy })])
    assert.deepEqual([describeError(error), innermostMessage(error)], ['No broker.', 'No broker.'])
  assert.equal(describeError(proxy), 'An unexpected error (an error that can’t be read).')
})
