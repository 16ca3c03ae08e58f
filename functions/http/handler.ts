// API Gateway v1 and v2, function URL and ALB → Kafka. Wiring only.
import middy from '@middy/core'
import { kafkaProducer } from '../../lib/lambda/kafka-producer-middleware.ts'
import { createServices } from '../create-services.ts'
import { handleHttp } from './handle-http.ts'

const services = await createServices('http')

export const handler = middy()
  .use(kafkaProducer({ ...services, recordId: 'none' })) // the function has set the ids
  .handler((event, context) => handleHttp(event, context, services))
