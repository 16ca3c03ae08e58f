// Runs an input against each trigger or parser, and returns its result and its log.
import { AsyncLocalStorage } from 'node:async_hooks'
import { handleEventBridge } from '../../functions/eventbridge/handle-eventbridge.ts'
import { handleSqs } from '../../functions/sqs/handle-sqs.ts'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { KafkaProducerError } from '../../lib/errors.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import type { ProducerRecord } from '../../lib/record/producer-record.ts'
import { ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { contractsOf } from './contracts.ts'
import { functionHarness, type Harness, httpHarness, recordsOf, v2Event } from './function-harness.ts'

const schema = { type: 'object', required: ['room'], properties: { room: { type: 'string' }, n: { type: 'number' } } }
const contracts = contractsOf([
  {
    topic: 'chat',
    json: {
      key: { from: ['record', 'value:/room'] },
      value: { schema },
      from: {
        sqs: [
          { queue: 'plain' },
          { queue: 'sns', unwrap: 'sns' },
          { queue: 's3', unwrap: 's3' },
          { queue: 'bus', unwrap: 'eventbridge' },
        ],
        eventbridge: [{ source: ['shop'] }],
      },
    },
  },
])

export interface BadInputResult {
  readonly answer: string
  readonly log: string
  /** Everything that the caller or the log got. */
  readonly shown: string
  /** Records and dead letters. */
  readonly ends: number
}

/** What the log has beside times and metrics. */
function logOf({ logged }: Harness): string {
  const parts = logged.flatMap(line => {
    const { message, outcomes = {}, code, codes = code ? { [code]: 1 } : {}, ignored = {} } = JSON.parse(line)
    if (message !== 'invocation') return message === undefined ? [] : [message]
    const counts = Object.entries({ ...outcomes, ...codes, ...ignored }).map(([name, count]) => `${name} ${count}`)
    return [counts.join(', ') || 'no record']
  })
  return parts.join('; ') || 'nothing'
}

function resultOf(harness: Harness, answer: string, shown: unknown): BadInputResult {
  const ends = recordsOf(harness).length + harness.deadLetters.deadLetters.length
  return { answer, log: logOf(harness), shown: JSON.stringify(shown) + harness.logged.join('\n'), ends }
}

function deadLettersOf({ deadLetters }: Harness): string {
  return deadLetters.deadLetters.map(({ failure }) => `dead letter \`${failure.code}\``).join(', ')
}

export async function http({
  body,
  headers = {},
  path = '/topics/chat',
  method = 'POST',
}: HttpInput): Promise<BadInputResult> {
  const harness = httpHarness({ contracts })
  const json = { 'content-type': 'application/json' }
  const answer = await harness.invoke(v2Event(method, path, Buffer.from(body), { ...json, ...headers }))
  const { code, records = [] } = JSON.parse(answer.body as string)
  const codes = records.map((record: { fate: string; code?: string }) => record.code ?? record.fate)
  const [first = code] = codes
  return resultOf(harness, `${answer.statusCode} ${first === 'delivered' ? first : `\`${first}\``}`, answer)
}
interface HttpInput {
  readonly body: string | Buffer
  readonly headers?: Record<string, string>
  readonly path?: string
  readonly method?: string
}

/** What a function without an answer of its own does with an event. */
async function invoked(harness: Harness, event: unknown, whereTo: string): Promise<BadInputResult> {
  try {
    const answer = await harness.invoke(event)
    const ends = deadLettersOf(harness) || (recordsOf(harness).length > 0 ? 'delivered' : 'no record, counted')
    return resultOf(harness, ends, answer)
  } catch (error) {
    const { code, message } = error as KafkaProducerError
    const result = resultOf(harness, `${whereTo}: \`${code}\``, message)
    const ofLambda = `Lambda logs the error \`${code}\``
    return { ...result, log: result.log === 'nothing' ? ofLambda : `${result.log}, and ${ofLambda}` }
  }
}
export const httpEvent = (event: unknown) => invoked(httpHarness({ contracts }), event, 'the invocation fails')
export const sqs = (event: unknown) =>
  invoked(functionHarness(handleSqs, { contracts }), event, 'the whole batch returns')
export const eventBridge = (event: unknown) =>
  invoked(functionHarness(handleEventBridge, { contracts }), event, 'the invocation fails')

/** Not in the invocation of an input before, after which a send is refused. */
const outsideOfInvocations = AsyncLocalStorage.snapshot()
export const direct = (record: unknown) => outsideOfInvocations(sendDirectly, record)

async function sendDirectly(record: unknown): Promise<BadInputResult> {
  const client = new ScriptedKafkaClient({ partitions: 3, brokers: 1, clock: systemClock })
  const producer = new KafkaProducer(parseConfig({ bootstrapServers: ['a:1', 'b:1'] }, {}), {
    client,
    rules: { contracts },
  })
  const [report] = await producer.sendAll([record as ProducerRecord])
  await producer.close()
  const isDelivered = report?.kind === 'delivered'
  const answer = isDelivered ? 'delivered' : `report \`${report?.error.code}\``
  return { answer, log: 'nothing', shown: isDelivered ? '' : String(report?.error), ends: 1 }
}
