// The packages that only some settings need (peerDependencies of package.json): which, and what is said without them.
// Not by its name: the usual banner of esbuild's users declares `createRequire` in the same scope.
import nodeModule from 'node:module'
import { ConfigError } from './errors.ts'

interface PackageUser {
  readonly setting: string
  /** As they are imported. */
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
 * The first line of a stack that names this file where the package is installed. Only there a package that can't be
 * found is missing; a bundle may have it inside. With source maps, the line names the source in lib/.
 */
const INSTALLED_AS =
  /^.*\n *at (?:[^\n(]*\()?((?:file:\/\/)?[^\n()]*[\\/]serverless-kafka-producer[\\/](?:dist[\\/])?lib[\\/][^\n():]*)/

/**
 * For constructors, so that a missing package does not show as a broker that can't be reached.
 * @throws ConfigError naming the setting and the packages
 */
export function requirePackages(user: PackageUserName): void {
  // `import.meta.url` would be a syntax error in Jest that compiles to CommonJS, and is empty in such a bundle.
  const file = INSTALLED_AS.exec(new Error().stack ?? '')?.[1]
  if (file === undefined) return
  const { resolve } = nodeModule.createRequire(file)
  if (!USERS[user].imports.every(name => isFound(name, resolve))) throw missing(user)
}

/**
 * For the `catch` of an import. Stands at the import itself: bundlers pass over one that has a `catch`, where the
 * package is not installed.
 * @throws ConfigError when the package is missing; otherwise the error
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
  return new ConfigError([`${setting}: needs packages that are not installed: npm install ${[...names].join(' ')}`], {
    cause,
  })
}
