// For tests of code that sends: a cluster in memory that does what a script says, and a clock that passes when asked to.
export { type DecodedBatch, type DecodedRecord, PartitionLog } from './partition-log.ts'
export { type Attempt, ScriptedKafkaClient, type ScriptedKafkaClientOptions } from './scripted-kafka-client.ts'
export { VirtualClock } from './virtual-clock.ts'
