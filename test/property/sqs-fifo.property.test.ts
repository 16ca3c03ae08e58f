// FIFO queues with keys that differ from the group, failures at every position, redelivery until the queue is empty: no
// message is both acknowledged and returned, and a group keeps its order in each partition.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Context } from 'aws-lambda'
import fc from 'fast-check'
import type { Services } from '../../functions/create-services.ts'
import { handleSqs } from '../../functions/sqs/handle-sqs.ts'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { DeadLetterPublisher } from '../../lib/dead-letter/dead-letter-publisher.ts'
import type { DeadLetterTarget } from '../../lib/dead-letter/dead-letter-target.ts'
import type { DeliveryReport } from '../../lib/delivery/delivery-report.ts'
import type { RecordFate } from '../../lib/delivery/record-fate.ts'
import { DeadLetterError } from '../../lib/errors.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import type { InvocationLog } from '../../lib/lambda/invocation-log.ts'
import type { KafkaContext } from '../../lib/lambda/kafka-producer-middleware.ts'
import { type Attempt, ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { contractsOf } from '../support/contracts.ts'
import { deadlineIn } from '../support/time.ts'

const RUNS = Number(process.env.FAST_CHECK_RUNS ?? 300)
const ARN = 'arn:aws:sqs:eu-west-1:123456789012:orders.fifo'
const MAX_RECEIVES = 12
const contracts = contractsOf([
  {
    topic: 'orders',
    json: {
      key: { from: ['value:/id'] },
      value: { schema: { type: 'object', required: ['id'] } },
      from: { sqs: [{ queue: 'orders.fifo', key: ['value:/id'] }] },
    } as Record<string, unknown>,
  },
])
const attempts: readonly Attempt[] = [
  'ok',
  'ok',
  'refuse',
  'appended-error',
  'lose-answer',
  'lose-request',
  'late',
  'not-sent',
  'no-entry',
]
const scenario = fc.record({
  script: fc.array(fc.constantFrom(...attempts), { maxLength: 40 }),
  messages: fc.array(
    fc.record({
      group: fc.integer({ min: 0, max: 2 }),
      key: fc.integer({ min: 0, max: 6 }),
      kind: fc.constantFrom('good', 'good', 'good', 'schema', 'poison', 'header'),
    }),
    { minLength: 1, maxLength: 12 },
  ),
  retries: fc.integer({ min: 0, max: 3 }),
  batchSize: fc.constantFrom(80, 200, 1_000_000),
  deadLettersLost: fc.array(fc.integer({ min: 0, max: 11 }), { maxLength: 3 }),
  onInvalid: fc.constantFrom('continue', 'stop'),
  onFailure: fc.constantFrom('return', 'dead-letter'),
})
type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never

const POISON = '{"id":"poison"}'

function toSqs({ group, key, kind }: Scenario['messages'][number], n: number) {
  const body = {
    good: JSON.stringify({ id: `k${key}`, n }),
    schema: `{"x":${n}}`,
    poison: POISON,
    header: JSON.stringify({ id: 'k', n }),
  }[kind]
  return {
    messageId: `m-${n}`,
    body,
    eventSourceARN: ARN,
    attributes: { MessageGroupId: `g${group}` },
    messageAttributes: kind === 'header' ? { 'kp-mine': { dataType: 'String', stringValue: 'x' } } : {},
  }
}

async function play({ script, messages, retries, batchSize, deadLettersLost, onInvalid, onFailure }: Scenario) {
  const clock = new VirtualClock()
  const client = new ScriptedKafkaClient({ partitions: 4, brokers: 2, clock, script, latencyMs: 5, poison: POISON })
  const config = parseConfig(
    { bootstrapServers: ['b:1'], retries, batchSize, fifoOnInvalid: onInvalid, onFailureSqs: onFailure },
    {},
  )
  const producer = new KafkaProducer(config, { client, clock, rules: { contracts } })
  const lost = new Set(deadLettersLost.map(n => `m-${n}`))
  const target: DeadLetterTarget = {
    store: async deadLetters =>
      deadLetters.map(({ recordId }) =>
        lost.has(recordId) ? new DeadLetterError('dead-letter', 'lost') : `memory:${recordId}`,
      ),
    close: async () => {},
  }
  const reported: { id: string; fate: string }[][] = []
  const log = {
    invocation: (_requestId: string, reports: readonly DeliveryReport[], fates: readonly RecordFate[]) =>
      reported.push(
        reports.map(({ record }, index) => ({ id: record.sourceId as string, fate: fates[index]?.fate as string })),
      ),
    deadLetterFailed: () => {},
  } as unknown as InvocationLog
  const services: Services = { config, contracts, deadLetters: new DeadLetterPublisher([target]), log }
  const invocations: { received: string[]; returned: string[]; fates: { id: string; fate: string }[] }[] = []
  let open = messages.map(toSqs)
  for (let receive = 0; open.length > 0 && receive < MAX_RECEIVES; receive++) {
    const far = deadlineIn(60_000)
    const context = { functionName: 'f', kafka: { producer, deadline: far, answerBy: far } } as unknown as Context &
      KafkaContext
    let answer: Awaited<ReturnType<typeof handleSqs>> | undefined
    void handleSqs({ Records: open }, context, services).then(done => {
      answer = done
    })
    await clock.run(() => answer !== undefined)
    const returned = (answer?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier)
    invocations.push({ received: open.map(({ messageId }) => messageId), returned, fates: reported.at(-1) ?? [] })
    open = open.filter(({ messageId }) => returned.includes(messageId))
    // The dead-letter target recovers; otherwise the policy `stop` would return the same message forever.
    lost.clear()
  }
  client.deliverAll()
  assert.ok(producer.isUsable, 'no error in the producer itself')
  return { client, invocations }
}

test('FIFO: an acknowledged message is never returned, and every message has one fate per invocation', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async input => {
      const { invocations } = await play(input)
      for (const { received, returned, fates } of invocations) {
        assert.deepEqual(fates.map(({ id }) => id).sort(), [...received].sort())
        assert.deepEqual(
          fates
            .filter(({ fate }) => fate === 'returned')
            .map(({ id }) => id)
            .sort(),
          [...returned].sort(),
        )
      }
      const delivered = invocations.flatMap(({ fates }) =>
        fates.filter(({ fate }) => fate === 'delivered').map(({ id }) => id),
      )
      assert.equal(new Set(delivered).size, delivered.length, 'nothing acknowledged was sent again')
    }),
    { numRuns: RUNS },
  )
})

test('FIFO: after a message went back, no later one of its group is acknowledged', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async input => {
      const { invocations } = await play(input)
      const groupOf = (id: string) => input.messages[Number(id.slice(2))]?.group
      for (const { received, fates } of invocations) {
        const fateById = new Map(fates.map(({ id, fate }) => [id, fate]))
        const back = new Set<number | undefined>()
        for (const id of received) {
          if (fateById.get(id) === 'returned') back.add(groupOf(id))
          else
            assert.ok(
              fateById.get(id) !== 'delivered' || !back.has(groupOf(id)),
              `${id} was acknowledged after an earlier one of its group went back`,
            )
        }
      }
    }),
    { numRuns: RUNS },
  )
})

test('FIFO: a group keeps its order in each partition over redeliveries', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async input => {
      const { client, invocations } = await play(input)
      for (const log of client.logs) {
        const numbers = log.records
          .filter(({ value }) => value !== POISON)
          .map(({ value }) => JSON.parse(value as string).n as number)
        for (const group of [0, 1, 2]) {
          // As a consumer sees it that drops repeats by id.
          const ofGroup = [...new Set(numbers.filter(n => input.messages[n]?.group === group))]
          assert.deepEqual(
            ofGroup,
            ofGroup.toSorted((a, b) => a - b),
            `group ${group}`,
          )
        }
      }
      const inLog = client.logs.flatMap(({ records }) =>
        records.map(({ headers }) => String(headers.find(([name]) => name === 'kp-id')?.[1])),
      )
      for (const { fates } of invocations)
        for (const { id, fate } of fates) if (fate === 'delivered') assert.ok(inLog.includes(id), `${id} is in the log`)
    }),
    { numRuns: RUNS },
  )
})
