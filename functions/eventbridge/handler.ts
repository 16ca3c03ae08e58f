// EventBridge → Kafka. Wiring only.
import middy from '@middy/core'
import { closeOnSigterm } from '../../lib/lambda/close-on-sigterm.ts'
import { kafkaProducer } from '../../lib/lambda/kafka-producer-middleware.ts'
import { createServices } from '../create-services.ts'
import { handleEventBridge } from './handle-eventbridge.ts'

const services = await createServices('eventbridge')
const { config, factory } = services
closeOnSigterm(factory)

export const handler = middy()
  .use(kafkaProducer({ factory, config, recordId: 'none' })) // handleEventBridge sets the ids
  .handler((event, context) => handleEventBridge(event, context, services))
