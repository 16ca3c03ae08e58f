// The middy middleware, apart from the rest: who does without middy need not have it.
export {
  type KafkaContext,
  type KafkaProducerMiddlewareOptions,
  kafkaProducer,
} from './lambda/kafka-producer-middleware.ts'
