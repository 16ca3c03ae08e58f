/// <reference types="node" preserve="true" />
// The public API: re-exports only.

export type {
  ModulePath,
  PartitionerSetting,
  RegistrySerializerName,
  SerializerNames,
  SerializerSetting,
} from './config/class-names.ts'
export { loadConfig } from './config/load-config.ts'
export { parseConfig } from './config/parse-config.ts'
export type { CommonOptions, ProducerOptions, SerializerOptions } from './config/producer-options.ts'
export type {
  Serialized,
  SerializerOption,
  TextOrBytes,
  TypesByName,
} from './config/serialized-types.ts'
export type { NotifyTargets, OptionName, ProducerConfig } from './config/settings.ts'
export type { SettingsFile } from './config/settings-file.ts'
export { type AjvError, type AjvValidate, schemaCheck } from './contracts/ajv-violations.ts'
export type {
  Contract,
  ContractLimits,
  Contracts,
  EventBridgeFeed,
  SchemaCheck,
  SqsFeed,
  Wrapping,
} from './contracts/contract.ts'
export {
  type ContractFields,
  defineContract,
  type StandardIssue,
  type StandardResult,
  type StandardSchema,
} from './contracts/define-contract.ts'
export type { EventPattern } from './contracts/event-pattern.ts'
export { loadContracts } from './contracts/load-contracts.ts'
export { type ContractParts, parseContract } from './contracts/parse-contract.ts'
export type { PatternCheck } from './contracts/parse-feeds.ts'
export { createDeadLetterPublisher } from './create-dead-letter-publisher.ts'
export type { DeadLetter, DeadLetterSource, UnencodedParts } from './dead-letter/dead-letter.ts'
export { DeadLetterPublisher, type DeadLetterPublisherOptions } from './dead-letter/dead-letter-publisher.ts'
export type {
  Completed,
  DeadLetterStore,
  Lease,
  LeaseWait,
  OpenDeadLetter,
  PartlyDone,
  ReadOptions,
  Refusal,
  Replacement,
  SendingPlace,
  StopRequest,
  TargetDeadLetterStore,
  Unreadable,
} from './dead-letter/dead-letter-store.ts'
export type {
  DeadLetterProducer,
  DeadLetterTarget,
  DeadLetterTargetKind,
  DeadLetterTargetServices,
  StoreResult,
  TargetParseContext,
} from './dead-letter/dead-letter-target.ts'
export { DiskDeadLetterTarget, type DiskOptions, type DiskTargetConfig } from './dead-letter/disk/target.ts'
export type { DynamoDbTargetConfig } from './dead-letter/dynamodb/target.ts'
export type { KafkaTargetConfig } from './dead-letter/kafka/target.ts'
export type { LambdaFunction } from './dead-letter/lambda-function.ts'
export type { Notifier, StoredNote } from './dead-letter/notifier.ts'
export { type PublishFailuresContext, publishFailures } from './dead-letter/publish-failures.ts'
export type { MessageAttribute, MessageRole, RawMessage } from './dead-letter/raw-message.ts'
export type { FailureBucketConfig } from './dead-letter/s3/failure-bucket.ts'
export type { S3TargetConfig } from './dead-letter/s3/target.ts'
export type { SqliteTargetConfig } from './dead-letter/sqlite/target.ts'
export type { FailureDestinationConfig, MessageQueueConfig, SourceDlqConfig } from './dead-letter/sqs/message-queues.ts'
export type { SqsTargetConfig } from './dead-letter/sqs/target.ts'
export type { RedriveSource } from './dead-letter/store-kinds.ts'
export { createTarget, type DeadLetterTargetConfig, type TargetKindName } from './dead-letter/target-kinds.ts'
export type { Delivered, DeliveryReport, Failed } from './delivery/delivery-report.ts'
export type { Invocations } from './delivery/invocations.ts'
export type { RecordFate } from './delivery/record-fate.ts'
export type { RecordEvent } from './delivery/report-events.ts'
export type { Check } from './doctor/check.ts'
export { type DoctorOptions, doctor, isHealthy } from './doctor/doctor.ts'
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
export { type CloseOptions, KafkaProducer, type KafkaProducerDependencies } from './kafka-producer.ts'
export { KafkaTemplate, type KafkaTemplateOptions, type SendResult, type Timestamp } from './kafka-template.ts'
export { murmur2 } from './partition/murmur2.ts'
export type { Partitioner, TopicPartitions } from './partition/partitioner.ts'
export { createKafkaJsClient, ProducerFactory, type ProducerFactoryOptions } from './producer-factory.ts'
export { LoggingProducerListener, type ProducerInterceptor, type ProducerListener } from './producer-listener.ts'
export type { ProducerMetrics } from './producer-metrics.ts'
export type { JsonObject } from './record/json-object.ts'
export type { JsonFault, JsonShape } from './record/json-outline.ts'
export { JsonText } from './record/json-text.ts'
export type {
  HeaderValue,
  PartitionedRecord,
  ProducerRecord,
  ProducerRecordHeader,
  ProducerRecordHeaders,
  RecordHeader,
  RecordOrigin,
  SerializedRecord,
} from './record/producer-record.ts'
export type { DeliveryProof, RecordMetadata } from './record/record-metadata.ts'
export {
  type ChangeContext,
  type ChangeResult,
  discardDeadLetters,
  replaceDeadLetters,
  unparkDeadLetters,
} from './redrive/change-dead-letters.ts'
export type { DeadLetterTargets } from './redrive/divide-messages.ts'
export { checkByContract, type EditOptions, editDeadLetter, type RecordEdit } from './redrive/edit-dead-letter.ts'
export { type ListContext, type ListRequest, listDeadLetters } from './redrive/list-dead-letters.ts'
export type { Log } from './redrive/look-up-options.ts'
export {
  type CreateLogReaderOptions,
  createLogReader,
  type OpenStoreOptions,
  openDeadLetterStore,
  type TopicReader,
} from './redrive/open-dead-letters.ts'
export { claimReader, withValue } from './redrive/read-claim.ts'
export { type RedriveOptions, type RedriveResult, redrive } from './redrive/redrive.ts'
export type { DeadLetterResult, RedriveLog } from './redrive/redrive-options.ts'
export { parseRedriveRequest, type RedriveRequest } from './redrive/redrive-request.ts'
export { type RedriveContext, redriveStore, runRedrive } from './redrive/run-redrive.ts'
export {
  type DeadLetterFilter,
  type DeadLetterGroup,
  DeadLetterGroups,
  type SelectableDeadLetter,
} from './redrive/select-dead-letters.ts'
export type { SentInRun } from './redrive/sent-in-run.ts'
export { createSourceMessageReader, type SourceMessageReader } from './redrive/source-messages.ts'
export { type StopResult, stopRedrive } from './redrive/stop-redrive.ts'
export type { TopicSettings } from './redrive/topic-facts.ts'
export { type RoutedTemplate, RoutingKafkaTemplate } from './routing-kafka-template.ts'
export type { OAuthBearerToken, OAuthBearerTokenProvider } from './security/token-provider.ts'
export type { RequestEvent } from './send/request-events.ts'
export type { ValueFormatName } from './serialize/formats/value-formats.ts'
export { type JsonSerializerOptions, jsonSerializer } from './serialize/json-serializer.ts'
export type { SerializerName } from './serialize/named-serializers.ts'
export { doubleSerializer, integerSerializer, longSerializer } from './serialize/number-serializers.ts'
export type { SerializedData, Serializer, SerializerContext } from './serialize/serializer.ts'
export { bytesSerializer, stringSerializer, uuidSerializer, voidSerializer } from './serialize/text-serializers.ts'
export type {
  CodecContext,
  CodecFactory,
  FormatPlace,
  RegistryUse,
  ValueCodec,
  ValueFormat,
  ValueSource,
} from './serialize/value-codec.ts'
export type { Clock } from './time/clock.ts'
export { Deadline } from './time/deadline.ts'
export type {
  Cluster,
  ConnectionStats,
  CurrentLeader,
  DropReason,
  EncodedBatch,
  KafkaClient,
  MetadataRequestOptions,
  PartitionMetadata,
  ProduceOutcome,
  ProduceRequest,
  ProducerIdAndEpoch,
  RejectedRecord,
  TopicMetadata,
} from './transport/kafka-client.ts'
export type { ValidationRules } from './validate/record-validator.ts'
export type { Warn } from './warn.ts'
export type { LogBatch, LogRecord, ProducerIdentity } from './wire-format/record-batch-decoder.ts'
