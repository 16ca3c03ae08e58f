/// <reference types="node" preserve="true" />
// The middy middleware has its own entry point, so that middy is needed only where it is used.
export {
  type KafkaContext,
  type KafkaProducerMiddlewareOptions,
  kafkaProducer,
} from './lambda/kafka-producer-middleware.ts'
