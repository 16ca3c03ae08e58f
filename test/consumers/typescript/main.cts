import { KafkaTemplate, ProducerFactory, parseConfig } from 'serverless-kafka-producer'

const config = parseConfig({ bootstrapServers: 'localhost:9092' }, {})
export const template = new KafkaTemplate<string, string>(new ProducerFactory({ config }))
console.log('ok')
