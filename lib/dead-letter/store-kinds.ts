// The registry of stores: one row per kind, whose store is loaded on use. A function that only writes dead letters
// imports none of this, so none of it is in its bundle (test/bundles.test.ts).
import { DeadLetterError } from '../errors.ts'
import type { DeadLetterStoreServices, TargetDeadLetterStore } from './dead-letter-store.ts'
import { isDeadLetterTopic } from './kafka/kafka-dead-letter.ts'
import type { DeadLetterTargetConfig } from './target-kinds.ts'

interface StoreModule<Config> {
  openStore(config: Config, services: DeadLetterStoreServices): TargetDeadLetterStore
  /** Reads a value that a target of this kind stores for another. */
  readClaim?(location: string, deadLetterId: string): Promise<Uint8Array>
}

interface StoreKind<Config> {
  /** Imports the kind's store.ts. */
  load(): Promise<StoreModule<Config>>
  /** A description for people, without secrets. */
  describe(config: Config): string
  /** Whether a Kafka topic holds its dead letters; no dead letter is ever sent to such a topic. */
  holdsTopic?(config: Config, topic: string): boolean
  /** An AWS address whose answers have the time that signatures are checked against. */
  signingService?(config: Config, region: string | undefined): string | undefined
}

type Name = DeadLetterTargetConfig['kind']

export const STORE_KINDS: { readonly [N in Name]: StoreKind<DeadLetterTargetConfig<N>> } = {
  sqs: {
    load: () => import('./sqs/store.ts'),
    describe: ({ queueUrl }) => `sqs:…/${queueUrl.split('/').at(-1)}`,
    signingService: ({ queueUrl }) => new URL(queueUrl).origin,
  },
  s3: {
    load: () => import('./s3/store.ts'),
    describe: ({ bucket }) => `s3:${bucket}`,
    signingService: (_config, region) => stsOf(region),
  },
  dynamodb: {
    load: () => import('./dynamodb/store.ts'),
    describe: ({ table }) => `dynamodb:${table}`,
    signingService: (_config, region) => stsOf(region),
  },
  kafka: {
    load: () => import('./kafka/store.ts'),
    describe: ({ pattern }) => `kafka:${pattern}`,
    holdsTopic: ({ pattern }, topic) => isDeadLetterTopic(pattern, topic),
  },
  disk: {
    load: () => import('./disk/store.ts'),
    describe: ({ folder }) => `disk:${folder}`,
  },
  sqlite: {
    load: () => import('./sqlite/store.ts'),
    describe: ({ file }) => `sqlite:${file}`,
  },
}

export function storeKindOf({ kind }: DeadLetterTargetConfig): StoreKind<DeadLetterTargetConfig> {
  return STORE_KINDS[kind]
}

export async function openStore(
  config: DeadLetterTargetConfig,
  services: DeadLetterStoreServices,
): Promise<TargetDeadLetterStore> {
  const { openStore: open } = await storeKindOf(config).load()
  return open(config, services)
}

/**
 * Reads the value of a claim check, from any kind of target.
 * @throws DeadLetterError `claim-missing` when no kind of target stores values at such a location
 */
export async function readClaim(location: string, deadLetterId: string): Promise<Uint8Array> {
  const kinds: Readonly<Record<string, Pick<StoreKind<never>, 'load'>>> = STORE_KINDS
  const kind = location.slice(0, location.indexOf(':'))
  const store = Object.hasOwn(kinds, kind) ? await kinds[kind]?.load() : undefined
  if (!store?.readClaim)
    throw new DeadLetterError('claim-missing', 'The claim check does not name a target that stores values.')
  return store.readClaim(location, deadLetterId)
}

/** An AWS address that returns the time without authentication. */
export function stsOf(region: string | undefined): string | undefined {
  return region === undefined ? undefined : `https://sts.${region}.amazonaws.com`
}
