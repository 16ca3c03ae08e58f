// SQS, standard and FIFO → Kafka. Wiring only.
import middy from '@middy/core'
import { closeOnSigterm } from '../../lib/lambda/close-on-sigterm.ts'
import { kafkaProducer } from '../../lib/lambda/kafka-producer-middleware.ts'
import { createServices } from '../create-services.ts'
import { handleSqs } from './handle-sqs.ts'
import { createReturnDelays } from './return-delays.ts'

const services = await createServices('sqs')
const { config, factory, log } = services
closeOnSigterm(factory)
const delayReturns = createReturnDelays({ maxS: Math.floor(config.sqsReturnDelayMaxMs / 1000), warn: log.warn })

export const handler = middy()
  .use(kafkaProducer({ factory, config, recordId: 'none' })) // the function has set the ids
  .handler((event, context) => handleSqs(event, context, services, delayReturns))
