// For tests of code that sends records: a cluster in memory that follows a script, and a clock that the test moves.
export { type DecodedBatch, type DecodedRecord, PartitionLog } from './partition-log.ts'
export { type Attempt, ScriptedKafkaClient, type ScriptedKafkaClientOptions } from './scripted-kafka-client.ts'
export { VirtualClock } from './virtual-clock.ts'
