/// <reference types="node" preserve="true" />
// The public API: re-exports only.
export { loadConfig, parseConfig } from './config/parse-config.ts'
export type { ProducerOptions } from './config/producer-options.ts'
export type { ProducerConfig } from './config/settings.ts'
export { schemaCheck } from './contracts/ajv-violations.ts'
export type { Contract, Contracts } from './contracts/contract.ts'
export { type ContractFields, defineContract, type StandardSchema } from './contracts/define-contract.ts'
export { loadContracts } from './contracts/load-contracts.ts'
export { parseContract } from './contracts/parse-contract.ts'
export { createDeadLetterPublisher } from './create-dead-letter-publisher.ts'
export type { DeadLetter, DeadLetterSource } from './dead-letter/dead-letter.ts'
export { DeadLetterPublisher } from './dead-letter/dead-letter-publisher.ts'
export type { DeadLetterStore, OpenDeadLetter, TargetDeadLetterStore } from './dead-letter/dead-letter-store.ts'
export type { DeadLetterTarget, StoreResult } from './dead-letter/dead-letter-target.ts'
export { DiskDeadLetterTarget } from './dead-letter/disk/target.ts'
export { publishFailures } from './dead-letter/publish-failures.ts'
export type { RawMessage } from './dead-letter/raw-message.ts'
export { createTarget, type DeadLetterTargetConfig } from './dead-letter/target-kinds.ts'
export type { Delivered, DeliveryReport, Failed } from './delivery/delivery-report.ts'
export type { RecordFate } from './delivery/record-fate.ts'
export type { Check } from './doctor/check.ts'
export { doctor, isHealthy } from './doctor/doctor.ts'
export {
  BufferExhaustedError,
  ConfigError,
  type DeadLetterCode,
  DeadLetterError,
  DeliveryError,
  type DeliveryFailureCode,
  ERROR_CODES,
  type ErrorCode,
  type FailedOutcome,
  type FailureKind,
  type InvalidRecordCode,
  InvalidRecordError,
  KafkaProducerError,
  type KafkaProducerErrorOptions,
  type RecordBatchCode,
  RecordBatchError,
  type RecordError,
  type RequestCode,
  SerializationError,
  type SerializationErrorOptions,
  TransportError,
  type Violation,
} from './errors.ts'
export type { RecordIdOption } from './identify-records.ts'
export { type CloseOptions, KafkaProducer } from './kafka-producer.ts'
export { KafkaTemplate, type KafkaTemplateOptions, type SendResult } from './kafka-template.ts'
export { murmur2 } from './partition/murmur2.ts'
export type { Partitioner, TopicPartitions } from './partition/partitioner.ts'
export { createKafkaJsClient, ProducerFactory, type ProducerFactoryOptions } from './producer-factory.ts'
export { LoggingProducerListener, type ProducerInterceptor, type ProducerListener } from './producer-listener.ts'
export type { ProducerMetrics } from './producer-metrics.ts'
export type {
  ProducerRecord,
  ProducerRecordHeader,
  ProducerRecordHeaders,
  RecordHeader,
} from './record/producer-record.ts'
export type { DeliveryProof, RecordMetadata } from './record/record-metadata.ts'
export {
  type ChangeContext,
  type ChangeResult,
  discardDeadLetters,
  replaceDeadLetters,
  unparkDeadLetters,
} from './redrive/change-dead-letters.ts'
export { checkByContract, editDeadLetter, type RecordEdit } from './redrive/edit-dead-letter.ts'
export { type ListContext, type ListRequest, listDeadLetters } from './redrive/list-dead-letters.ts'
export { createLogReader, openDeadLetterStore } from './redrive/open-dead-letters.ts'
export { claimReader, withValue } from './redrive/read-claim.ts'
export { type RedriveOptions, type RedriveResult, redrive } from './redrive/redrive.ts'
export { parseRedriveRequest, type RedriveRequest } from './redrive/redrive-request.ts'
export { type RedriveContext, redriveStore, runRedrive } from './redrive/run-redrive.ts'
export { type DeadLetterFilter, type DeadLetterGroup, DeadLetterGroups } from './redrive/select-dead-letters.ts'
export { createSourceMessageReader, type SourceMessageReader } from './redrive/source-messages.ts'
export { type StopResult, stopRedrive } from './redrive/stop-redrive.ts'
export { RoutingKafkaTemplate } from './routing-kafka-template.ts'
export type { OAuthBearerToken, OAuthBearerTokenProvider } from './security/token-provider.ts'
export { type JsonSerializerOptions, jsonSerializer } from './serialize/json-serializer.ts'
export { doubleSerializer, integerSerializer, longSerializer } from './serialize/number-serializers.ts'
export type { SerializedData, Serializer, SerializerContext } from './serialize/serializer.ts'
export { bytesSerializer, stringSerializer, uuidSerializer, voidSerializer } from './serialize/text-serializers.ts'
export { Deadline } from './time/deadline.ts'
export type { ValidationRules } from './validate/record-validator.ts'
