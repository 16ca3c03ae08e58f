// The objects that the parts of a Sender share.
import type { RecordAccumulator } from '../accumulate/record-accumulator.ts'
import type { KafkaClient } from '../transport/kafka-client.ts'
import type { InFlight } from './in-flight.ts'
import type { LeaderAvailability } from './leader-availability.ts'
import type { PartitionTable } from './partition-table.ts'
import type { ProducerIdentity } from './producer-identity.ts'
import type { ProducerMetadata } from './producer-metadata.ts'
import type { RecordCompleter } from './record-completer.ts'
import type { SenderOptions, SenderStats } from './sender-options.ts'
import type { WaitingPartitions } from './waiting-partitions.ts'

export interface SenderParts {
  readonly client: KafkaClient
  readonly accumulator: RecordAccumulator
  readonly options: SenderOptions
  readonly stats: SenderStats
  readonly partitions: PartitionTable
  /** Gets the partitions that may not send yet, and what they wait for. */
  readonly waiting: WaitingPartitions
  readonly inFlight: InFlight
  readonly availability: LeaderAvailability
  readonly metadata: ProducerMetadata
  readonly identity: ProducerIdentity
  readonly completer: RecordCompleter
}
