// The job of the http function, written as in the samples of its parts: middy, Powertools, Ajv that compiles at init,
// an SQS client for failures, and kafkajs's send. It loses the records that kafkajs loses, because the benchmark only
// measures its time.
import { Logger } from '@aws-lambda-powertools/logger'
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import middy from '@middy/core'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { Kafka, logLevel, Partitioners } from 'kafkajs'

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['room', 'user', 'text'],
  properties: {
    room: { type: 'string', minLength: 1 },
    user: { type: 'string', minLength: 1 },
    text: { type: 'string', maxLength: 4000 },
  },
}

const logger = new Logger({ serviceName: 'http' })
const metrics = new Metrics({ namespace: 'Usual', serviceName: 'http' })
const queue = new SQSClient({})
const validate = new Ajv2020({ allErrors: true }).compile(schema)
const brokers = (process.env.KAFKA_BOOTSTRAP_SERVERS ?? '').split(',')
const producer = new Kafka({ brokers, logLevel: logLevel.NOTHING }).producer({
  createPartitioner: Partitioners.DefaultPartitioner,
})
await producer.connect()

export const handler = middy().handler(async (event: unknown) => {
  const { body } = event as { body: string }
  const { value } = JSON.parse(body) as { value: { room: string } }
  if (!validate(value)) return { statusCode: 422 }
  try {
    const [metadata] = await producer.send({
      topic: 'chat',
      acks: -1,
      messages: [{ key: value.room, value: JSON.stringify(value) }],
    })
    logger.info('sent', { partition: metadata?.partition })
    metrics.addMetric('Records', MetricUnit.Count, 1)
    metrics.publishStoredMetrics()
    return { statusCode: 200, body: JSON.stringify(metadata) }
  } catch {
    await queue.send(new SendMessageCommand({ QueueUrl: process.env.QUEUE_URL, MessageBody: body }))
    return { statusCode: 202 }
  }
})
