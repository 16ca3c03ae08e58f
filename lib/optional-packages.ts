// The packages that only some settings need (peerDependencies in package.json), and the error if one is missing.
// Imported without its name, because many esbuild users add a banner that declares `createRequire` in the same scope.
import nodeModule from 'node:module'
import { ConfigError } from './errors.ts'

interface PackageUser {
  readonly setting: string
  /** The module names to import. */
  readonly imports: readonly string[]
}

const USERS = {
  mskIam: {
    setting: 'sasl.mechanism AWS_MSK_IAM',
    imports: ['aws-msk-iam-sasl-signer-js', '@aws-sdk/credential-provider-node'],
  },
  webIdentity: { setting: 'sasl.oauthbearer.aws.audience', imports: ['@aws-sdk/client-sts'] },
  msk: { setting: 'KAFKA_MSK_CLUSTER_ARN', imports: ['@aws-sdk/client-kafka'] },
  secretsManager: {
    setting: 'KAFKA_SECRET_ARN (a Secrets Manager secret)',
    imports: ['@aws-lambda-powertools/parameters/secrets', '@aws-sdk/client-secrets-manager'],
  },
  ssm: {
    setting: 'KAFKA_SECRET_ARN (an SSM parameter)',
    imports: ['@aws-lambda-powertools/parameters/ssm', '@aws-sdk/client-ssm'],
  },
  sqs: { setting: 'KAFKA_DEAD_LETTER or KAFKA_REDRIVE_FROM (SQS)', imports: ['@aws-sdk/client-sqs'] },
  s3: { setting: 'KAFKA_DEAD_LETTER (s3:) or KAFKA_REDRIVE_FROM (failure-bucket:)', imports: ['@aws-sdk/client-s3'] },
  dynamodb: { setting: 'KAFKA_DEAD_LETTER (dynamodb:)', imports: ['@aws-sdk/client-dynamodb'] },
  idStore: { setting: 'DynamoDbIdStore', imports: ['@aws-sdk/client-dynamodb'] },
  sns: { setting: 'KAFKA_DEAD_LETTER_NOTIFY (sns:)', imports: ['@aws-sdk/client-sns'] },
  glue: { setting: 'The AWS Glue Schema Registry', imports: ['@aws-sdk/client-glue'] },
  contracts: {
    setting: 'Contracts with a schema, or JSON Schemas of a registry',
    imports: ['ajv/dist/2020.js', 'ajv/dist/compile/index.js', 'ajv-formats'],
  },
  protobuf: { setting: 'Protobuf schemas', imports: ['@bufbuild/protobuf', '@bufbuild/protobuf/wkt'] },
  patterns: { setting: 'Contracts with patterns', imports: ['recheck'] },
  eventbridge: { setting: 'KAFKA_DEAD_LETTER_NOTIFY (eventbridge:)', imports: ['@aws-sdk/client-eventbridge'] },
} as const satisfies Record<string, PackageUser>

export type PackageUserName = keyof typeof USERS

/**
 * Finds the line of a stack trace that names this file in an installed package. Only there can a missing package be
 * detected: a bundle may contain the package. With source maps, the line names the source in lib/.
 */
const INSTALLED_AS =
  /^.*\n *at (?:[^\n(]*\()?((?:file:\/\/)?[^\n()]*[\\/]serverless-kafka-producer[\\/](?:dist[\\/])?lib[\\/][^\n():]*)/

/**
 * Checks that packages are installed. Called in constructors, because otherwise a missing package would look like a
 * broker that can't be reached.
 * @throws ConfigError that names the setting and the packages
 */
export function requirePackages(user: PackageUserName): void {
  // `import.meta.url` would be a syntax error in Jest when it compiles to CommonJS, and is empty in such a bundle.
  const file = INSTALLED_AS.exec(new Error().stack ?? '')?.[1]
  if (file === undefined) return
  const { resolve } = nodeModule.createRequire(file)
  if (!USERS[user].imports.every(name => isFound(name, resolve))) throw missing(user)
}

/**
 * Returns a handler for the `catch` of an import. Call it directly at the import: bundlers ignore an import that has a
 * `catch` if the package is not installed.
 * @throws ConfigError if the package is missing; otherwise the original error
 */
export function ifMissing(user: PackageUserName): (error: unknown) => never {
  return error => {
    const { code } = error as NodeJS.ErrnoException
    throw code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND' ? missing(user, error) : error
  }
}

function isFound(name: string, resolve: (name: string) => string): boolean {
  try {
    resolve(name)
    return true
  } catch {
    return false
  }
}

function missing(user: PackageUserName, cause?: unknown): ConfigError {
  const { setting, imports } = USERS[user]
  const names = new Set(imports.map(name => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0]))
  const install = `npm install ${[...names].join(' ')}`
  return new ConfigError([`${setting}: needs packages that are not installed; run ${install}`], { cause })
}
