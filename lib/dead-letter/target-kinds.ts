// The registry of dead-letter targets: a kind has a row in each table, and the compiler reports a missing one. The
// tables are separate, so that a bundle has only the code it calls: configuration uses the first, writing dead letters
// the second, and reading them back the one in store-kinds.ts.
import type { DeadLetterTarget, DeadLetterTargetKind, DeadLetterTargetServices } from './dead-letter-target.ts'
import { createDiskTarget, disk } from './disk/target.ts'
import { createDynamoDbTarget, dynamodb } from './dynamodb/target.ts'
import { createKafkaTarget, kafka } from './kafka/target.ts'
import { createS3Target, s3 } from './s3/target.ts'
import { createSqliteTarget, sqlite } from './sqlite/target.ts'
import { createSqsTarget, sqs } from './sqs/target.ts'

export const TARGET_KINDS = { sqs, s3, dynamodb, kafka, disk, sqlite }

export type TargetKindName = keyof typeof TARGET_KINDS
/** A parsed target of KAFKA_DEAD_LETTER: of one kind or, without a name, of any. */
export type DeadLetterTargetConfig<Name extends TargetKindName = TargetKindName> = {
  readonly [N in Name]: (typeof TARGET_KINDS)[N] extends DeadLetterTargetKind<infer Config> ? Config : never
}[Name]

interface Create<Config> {
  target(config: Config, services: DeadLetterTargetServices): DeadLetterTarget
}

const CREATE_TARGET: { readonly [Name in TargetKindName]: Create<DeadLetterTargetConfig<Name>>['target'] } = {
  sqs: createSqsTarget,
  s3: createS3Target,
  dynamodb: createDynamoDbTarget,
  kafka: createKafkaTarget,
  disk: createDiskTarget,
  sqlite: createSqliteTarget,
}

type AnyKind = DeadLetterTargetKind<DeadLetterTargetConfig>

/** The kind with this name, the part of a target or location before the colon. */
export function kindNamed(name: string): AnyKind | undefined {
  const kinds: Readonly<Record<string, AnyKind>> = TARGET_KINDS
  return Object.hasOwn(kinds, name) ? kinds[name] : undefined
}

export function kindOf({ kind }: DeadLetterTargetConfig): AnyKind {
  return TARGET_KINDS[kind]
}

/** The form of a target, per kind. */
export const targetSyntaxes = (): readonly string[] => Object.values(TARGET_KINDS).map(({ syntax }) => syntax)

/** @throws ConfigError when the kind needs a service or a package that is missing */
export function createTarget(
  config: DeadLetterTargetConfig,
  services: DeadLetterTargetServices = {},
): DeadLetterTarget {
  const create: Create<DeadLetterTargetConfig>['target'] = CREATE_TARGET[config.kind]
  return create(config, services)
}
