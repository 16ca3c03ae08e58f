// Decides which partitions records without a key should go to: those whose leader is in the client's rack (KIP-1123)
// and accepts batches (KIP-794). Java: BuiltInPartitioner.nextPartition.
import type { PartitionMetadata } from '../transport/kafka-client.ts'
import type { LeaderAvailability } from './leader-availability.ts'

/** How many racks a warning names. */
const MAX_NAMED = 6
const NO_RACKS: ReadonlyMap<number, string> = new Map()

export class LeaderPreference {
  readonly #rack: () => string | undefined
  readonly #availability: LeaderAvailability
  readonly #warn: (text: string) => void
  #hasWarned = false
  #racks = NO_RACKS
  #version = 0
  #lastRack: string | undefined
  #lastUnavailable: ReadonlySet<number>

  /**
   * @param rack the client's rack (`client.rack`); undefined if it is unknown, or if every rack is as good
   * @param warn called once if no broker is in the client's rack
   */
  constructor(
    rack: () => string | undefined,
    availability: LeaderAvailability,
    warn: (text: string) => void = () => {},
  ) {
    this.#rack = rack
    this.#availability = availability
    this.#warn = warn
    this.#lastUnavailable = availability.unavailable
  }

  /** As long as it stays the same, `among` returns the same partitions for the same input. */
  get version(): number {
    const rack = this.#rack()
    const { unavailable } = this.#availability
    if (rack !== this.#lastRack || unavailable !== this.#lastUnavailable) this.#version++
    this.#lastRack = rack
    this.#lastUnavailable = unavailable
    return this.#version
  }

  /**
   * Takes over the racks that a metadata answer names.
   * @param racks node id → rack; only brokers that have a rack
   */
  learnRacks(racks: ReadonlyMap<number, string> = NO_RACKS): void {
    const isSame = racks.size === this.#racks.size && [...racks].every(([id, rack]) => this.#racks.get(id) === rack)
    if (isSame) return
    this.#racks = racks
    this.#version++
  }

  /**
   * Returns the preferred partitions.
   * @param partitions each with a leader
   * @returns the same list if none of them is preferred
   */
  among(partitions: readonly PartitionMetadata[]): readonly PartitionMetadata[] {
    const rack = this.#rack()
    if (rack !== undefined && partitions.length > 0) this.#checkRack(rack)
    const { unavailable } = this.#availability
    const inRack = ({ leader }: PartitionMetadata) => this.#racks.get(leader) === rack
    const ofRack = (all: readonly PartitionMetadata[]) => (rack === undefined ? all : orAll(all.filter(inRack), all))
    if (unavailable.size === 0) return ofRack(partitions)
    const taking = partitions.filter(({ leader }) => !unavailable.has(leader))
    return ofRack(orAll(taking, partitions))
  }

  /** Warns about a misspelled rack, which would otherwise only show in the bill. */
  #checkRack(rack: string): void {
    if (this.#hasWarned) return
    const racks = new Set(this.#racks.values())
    if (racks.has(rack)) return
    this.#hasWarned = true
    const others =
      racks.size > 0 ? `they are in ${[...racks].sort().slice(0, MAX_NAMED).join(', ')}` : 'none has a rack'
    this.#warn(
      `client.rack (KAFKA_CLIENT_RACK) ${rack}: no broker is there (${others}). Records without a key go to the ` +
        'leaders of every rack.',
    )
  }
}

function orAll<T>(some: readonly T[], all: readonly T[]): readonly T[] {
  return some.length > 0 ? some : all
}
