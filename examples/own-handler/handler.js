import middy from '@middy/core'
import { defineContract, ProducerFactory, parseConfig } from 'serverless-kafka-producer'
import { kafkaProducer } from 'serverless-kafka-producer/middy'
import * as v from 'valibot'

const Order = v.object({ id: v.string(), total: v.pipe(v.number(), v.minValue(0)) })
const contracts = new Map([
  ['orders', defineContract('orders', { key: { from: ['value:/id'] }, value: { schema: Order } })],
])
const factory = new ProducerFactory({ rules: { contracts } })
const config = parseConfig()

export const handler = middy()
  .use(kafkaProducer({ factory, config }))
  .handler(async (order, { kafka }) => {
    const { partition, offset } = await kafka.producer.send({ topic: 'orders', value: order })
    return { partition, offset: String(offset) }
  })
