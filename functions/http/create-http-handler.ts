// The handler of HTTP events, for Lambda and for the server.
import middy from '@middy/core'
import { kafkaProducer } from '../../lib/lambda/kafka-producer-middleware.ts'
import type { ProducerFactory } from '../../lib/producer-factory.ts'
import type { Services } from '../create-services.ts'
import { handleHttp } from './handle-http.ts'
import { RequestLimit } from './request-limit.ts'

export function createHttpHandler(services: Services & { readonly factory: ProducerFactory }) {
  const { config, factory } = services
  const limit = new RequestLimit()
  return middy()
    .use(kafkaProducer({ factory, config, recordId: 'none' })) // the function has set the ids
    .handler((event, context) => handleHttp(event, context, services, limit))
}
