// API Gateway v1 and v2, function URL and ALB → Kafka. Wiring only.
import middy from '@middy/core'
import { contracts } from '#contracts'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { DeadLetters } from '../../lib/dead-letter/dead-letter-chain.ts'
import { InvocationReport } from '../../lib/lambda/invocation-report.ts'
import { connectInInit, kafkaProducer } from '../../lib/lambda/kafka-producer-middleware.ts'
import { ProducerFactory } from '../../lib/producer-factory.ts'
import { handleHttp } from './handle-http.ts'

const report = new InvocationReport('http')
const config = parseConfig({}, process.env, report.warn)
const factory = new ProducerFactory({ rules: { contracts } })
const letters = DeadLetters.of(config.deadLetter)

await connectInInit({ factory, config }, report.connectFailed)

export const handler = middy()
  .use(kafkaProducer({ factory, config }))
  .handler((event, context) => handleHttp(event, context, { contracts, letters, report }))
