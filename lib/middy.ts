/// <reference types="node" preserve="true" />
// The entry point ./middy: separate, so that only programs that use the middleware need middy.
export {
  type KafkaContext,
  type KafkaProducerMiddlewareOptions,
  kafkaProducer,
} from './lambda/kafka-producer-middleware.ts'
