// EventBridge → Kafka. Wiring only.
import middy from '@middy/core'
import { kafkaProducer } from '../../lib/lambda/kafka-producer-middleware.ts'
import { createServices } from '../create-services.ts'
import { handleEventBridge } from './handle-eventbridge.ts'

const services = await createServices('eventbridge')

export const handler = middy()
  .use(kafkaProducer(services))
  .handler((event, context) => handleEventBridge(event, context, services))
