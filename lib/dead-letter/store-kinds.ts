// The registry of stores: one row per kind, whose store is loaded on use. A function that only writes dead letters does
// not import this file, so its bundle has no code for reading (test/bundles.test.ts).
import { awsDomain } from './aws-domain.ts'
import type { Claim } from './claim.ts'
import type { DeadLetterStoreServices, TargetDeadLetterStore } from './dead-letter-store.ts'
import { deadLetterTopic, isDeadLetterTopic } from './kafka/kafka-dead-letter.ts'
import { queueName } from './raw-message.ts'
import type { FailureBucketConfig } from './s3/failure-bucket.ts'
import type { MessageQueueConfig } from './sqs/message-queues.ts'
import type { DeadLetterTargetConfig } from './target-kinds.ts'

/** What redrive reads: a target, or a queue or bucket with messages that a source stopped retrying. */
export type RedriveSource = DeadLetterTargetConfig | MessageQueueConfig | FailureBucketConfig

interface StoreModule<Config> {
  openStore(config: Config, services: DeadLetterStoreServices): TargetDeadLetterStore
}

interface ClaimModule<Config> {
  /**
   * Reads a claim-check value from the target; changes and creates nothing.
   * @returns undefined if it has no value with this id and size
   */
  readClaim(config: Config, claim: Claim): Promise<Uint8Array | undefined>
  /** Marks a value's dead letter as completed: the store's `tidy` removes the value after COMPLETED_MS. */
  completeClaim(config: Config, deadLetterId: string): Promise<void>
}

interface StoreKind<Config> {
  /** Imports the kind's store.ts. */
  load(): Promise<StoreModule<Config>>
  /** Imports the kind's claims.ts, if its targets can keep claim-check values. */
  loadClaims?(): Promise<ClaimModule<Config>>
  /** The target is created when the first dead letter is stored, so a missing one is not an error. */
  readonly isCreatedByStoring?: true
  /** Listing shows only a sample, because reading a queue means receiving its messages. */
  readonly showsSample?: true
  /** It holds messages of a source, which can't store notes of a redrive. */
  readonly holdsMessages?: true
  /** A description for people, without secrets. */
  describe(config: Config): string
  /** The local folder or file of the target: if it has not changed, neither have the dead letters. */
  pathOf?(config: Config): string
  /** Whether a Kafka topic holds its dead letters; no dead letter is ever sent to such a topic. */
  holdsTopic?(config: Config, topic: string): boolean
  /** The topics that hold its dead letters, and the servers of their cluster if it is another one. */
  topicsOf?(
    config: Config,
    topics: readonly string[],
  ): {
    readonly servers: readonly string[] | undefined
    readonly topics: readonly string[]
    /** The topic for records without a topic. */
    readonly withoutTopic: string
  }
  /**
   * Whether its lease, which AWS checks with a condition, also serves redrives of queues, which have none of their own.
   */
  readonly leasesForOthers?: true
  /** An AWS URL whose responses contain the time that signatures are checked against. */
  signingService?(config: Config, region: string | undefined): string | undefined
}

type Name = RedriveSource['kind']

export const STORE_KINDS: { readonly [N in Name]: StoreKind<Extract<RedriveSource, { kind: N }>> } = {
  sqs: {
    load: () => import('./sqs/store.ts'),
    showsSample: true,
    describe: ({ queueUrl }) => `sqs:…/${queueName(queueUrl)}`,
    signingService: ({ queueUrl }) => new URL(queueUrl).origin,
  },
  'source-dlq': {
    load: () => import('./sqs/message-store.ts'),
    showsSample: true,
    holdsMessages: true,
    describe: ({ queueUrl }) => `source-dlq:…/${queueName(queueUrl)}`,
    signingService: ({ queueUrl }) => new URL(queueUrl).origin,
  },
  'failure-destination': {
    load: () => import('./sqs/message-store.ts'),
    showsSample: true,
    holdsMessages: true,
    describe: ({ queueUrl }) => `failure-destination:…/${queueName(queueUrl)}`,
    signingService: ({ queueUrl }) => new URL(queueUrl).origin,
  },
  'failure-bucket': {
    load: () => import('./s3/failure-bucket-store.ts'),
    holdsMessages: true,
    describe: ({ bucket, lambda }) => `failure-bucket:${bucket}?function=${lambda.name}`,
    signingService: (_config, region) => stsOf(region),
  },
  s3: {
    load: () => import('./s3/store.ts'),
    loadClaims: () => import('./s3/claims.ts'),
    leasesForOthers: true,
    describe: ({ bucket, prefix }) => `s3:${bucket}${prefix === '' ? '' : `/${prefix}`}`,
    signingService: (_config, region) => stsOf(region),
  },
  dynamodb: {
    load: () => import('./dynamodb/store.ts'),
    leasesForOthers: true,
    describe: ({ table }) => `dynamodb:${table}`,
    signingService: (_config, region) => stsOf(region),
  },
  kafka: {
    load: () => import('./kafka/store.ts'),
    describe: ({ pattern }) => `kafka:${pattern}`,
    isCreatedByStoring: true,
    holdsTopic: ({ pattern }, topic) => isDeadLetterTopic(pattern, topic),
    topicsOf: ({ pattern, servers }, topics) => ({
      servers,
      topics: [...new Set(topics.map(topic => deadLetterTopic(pattern, topic)))],
      withoutTopic: deadLetterTopic(pattern, null),
    }),
  },
  disk: {
    load: () => import('./disk/store.ts'),
    loadClaims: () => import('./disk/claims.ts'),
    isCreatedByStoring: true,
    pathOf: ({ folder }) => folder,
    describe: ({ folder }) => `disk:${folder}`,
  },
  sqlite: {
    load: () => import('./sqlite/store.ts'),
    loadClaims: () => import('./sqlite/claims.ts'),
    isCreatedByStoring: true,
    pathOf: ({ file }) => file,
    describe: ({ file }) => `sqlite:${file}`,
  },
}

export function storeKindOf({ kind }: RedriveSource): StoreKind<RedriveSource> {
  return STORE_KINDS[kind]
}

export async function openStore(
  config: RedriveSource,
  services: DeadLetterStoreServices,
): Promise<TargetDeadLetterStore> {
  const { openStore: open } = await storeKindOf(config).load()
  return open(config, services)
}

/**
 * Reads the value of a claim check. Only these targets are read, and only by id: the rest of the location is untrusted
 * and not used.
 * @param location the claim check's `target`; only its kind is used
 * @returns undefined if none of the targets has a value with this id and size
 */
export async function readClaim(
  targets: readonly RedriveSource[],
  location: string,
  claim: Claim,
): Promise<Uint8Array | undefined> {
  const kind = location.slice(0, location.indexOf(':'))
  for (const target of targets) {
    if (target.kind !== kind) continue
    const claims = await storeKindOf(target).loadClaims?.()
    const value = await claims?.readClaim(target, claim)
    if (value !== undefined) return value
  }
  return undefined
}

/** Marks a value as completed in the target that has it. */
export async function completeClaim(targets: readonly RedriveSource[], location: string, claim: Claim): Promise<void> {
  const kind = location.slice(0, location.indexOf(':'))
  for (const target of targets) {
    if (target.kind !== kind) continue
    const claims = await storeKindOf(target).loadClaims?.()
    if ((await claims?.readClaim(target, claim)) === undefined) continue
    return claims?.completeClaim(target, claim.deadLetterId)
  }
}

/** Returns an AWS URL that returns the time without authentication. */
export function stsOf(region: string | undefined): string | undefined {
  return region === undefined ? undefined : `https://sts.${region}.${awsDomain(region)}`
}
