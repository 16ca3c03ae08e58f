// SQS, standard and FIFO → Kafka. Wiring only.
import middy from '@middy/core'
import { kafkaProducer } from '../../lib/lambda/kafka-producer-middleware.ts'
import { createServices } from '../create-services.ts'
import { handleSqs } from './handle-sqs.ts'

const services = await createServices('sqs')

export const handler = middy()
  .use(kafkaProducer(services))
  .handler((event, context) => handleSqs(event, context, services))
