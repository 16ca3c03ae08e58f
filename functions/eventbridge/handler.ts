// EventBridge → Kafka. Wiring only.
import middy from '@middy/core'
import { kafkaProducer } from '../../lib/lambda/kafka-producer-middleware.ts'
import { createServices } from '../create-services.ts'
import { handleEventBridge } from './handle-eventbridge.ts'

const services = await createServices('eventbridge')

export const handler = middy()
  .use(kafkaProducer({ ...services, recordId: 'none' })) // the function has set the ids
  .handler((event, context) => handleEventBridge(event, context, services))
