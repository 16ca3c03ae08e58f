/// <reference types="node" preserve="true" />
// The entry point ./testing, for tests of code that sends records: a cluster in memory, a cluster that follows a
// script, and a clock that the test controls.
export {
  createFakeKafka,
  type FailNextOptions,
  FakeKafka,
  type FakeKafkaOptions,
  type FakeRecordDecoders,
} from './fake-kafka.ts'
export type { FakeFailure } from './fake-kafka-client.ts'
export type { FakeRecord } from './fake-topic.ts'
export { type DecodedBatch, type DecodedRecord, PartitionLog } from './partition-log.ts'
export { type Attempt, ScriptedKafkaClient, type ScriptedKafkaClientOptions } from './scripted-kafka-client.ts'
export { VirtualClock } from './virtual-clock.ts'
