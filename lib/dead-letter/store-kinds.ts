// The registry of what reads dead letters back: a row per kind, whose store is loaded when it is used. A function that
// only writes dead letters imports none of this, so that no byte of it is in its bundle (test/bundles.test.ts).
import { DeadLetterError } from '../errors.ts'
import type { DeadLetterStoreServices, TargetDeadLetterStore } from './dead-letter-store.ts'
import { isDeadLetterTopic } from './kafka/kafka-dead-letter.ts'
import type { DeadLetterTargetConfig } from './target-kinds.ts'

interface StoreModule<Config> {
  openStore(config: Config, services: DeadLetterStoreServices): TargetDeadLetterStore
  /** Reads a value that a target of this kind keeps for another. */
  readClaim?(location: string, deadLetterId: string): Promise<Uint8Array>
}

interface StoreKind<Config> {
  /** Imports the kind's store.ts. */
  load(): Promise<StoreModule<Config>>
  /** For people; no secret. */
  describe(config: Config): string
  /** True for a Kafka topic that its dead letters lie in, which no dead letter is ever sent to. */
  holdsTopic?(config: Config, topic: string): boolean
  /** An address of AWS, whose answers have the time that requests to the target are signed by. */
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
 * Reads the value that a claim check names, from whatever kind of target keeps it.
 * @throws DeadLetterError `claim-missing` when no target keeps values there · what the target throws when it can't be read
 */
export async function readClaim(location: string, deadLetterId: string): Promise<Uint8Array> {
  const kinds: Readonly<Record<string, Pick<StoreKind<never>, 'load'>>> = STORE_KINDS
  const kind = location.slice(0, location.indexOf(':'))
  const store = Object.hasOwn(kinds, kind) ? await kinds[kind]?.load() : undefined
  if (!store?.readClaim) throw new DeadLetterError('claim-missing', 'The claim check names no place that keeps values.')
  return store.readClaim(location, deadLetterId)
}

/** An address of AWS that anybody may ask for the time. */
export function stsOf(region: string | undefined): string | undefined {
  return region === undefined ? undefined : `https://sts.${region}.amazonaws.com`
}
