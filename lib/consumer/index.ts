/// <reference types="node" preserve="true" />
// For consumers of the records that this package sends: handle each one once per window, by its `kp-id`.
export { ConfigError, InvalidRecordError, KafkaProducerError } from '../errors.ts'
export type { RecordHeader } from '../record/producer-record.ts'
export {
  type BatchCounts,
  BatchError,
  type DropDuplicatesOptions,
  dropDuplicates,
  type KafkaBatchResponse,
  type KafkaTriggerHandler,
  type PartitionResult,
  type TriggerContext,
} from './drop-duplicates.ts'
export { DuplicateFilter, type DuplicateFilterOptions, type OnceResult, type RecordKey } from './duplicate-filter.ts'
export { DynamoDbIdStore, type DynamoDbIdStoreOptions } from './dynamodb-id-store.ts'
export type { Claim, ClaimResult, IdStore } from './id-store.ts'
export type { ConsumedRecord } from './kafka-event.ts'
export { MemoryIdStore, type MemoryIdStoreOptions } from './memory-id-store.ts'
