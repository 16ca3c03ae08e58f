// The library as it is installed, without the packages that only some settings need.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { build } from 'esbuild'
import { buildLibrary } from '../scripts/build.ts'

const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> }

let folder = ''
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'optional-'))
  const library = join(folder, 'node_modules/serverless-kafka-producer')
  await buildLibrary(join(library, 'dist/lib'))
  writeFileSync(join(library, 'package.json'), readFileSync('package.json'))
  for (const name of Object.keys(dependencies)) {
    mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true })
    symlinkSync(resolve('node_modules', name), join(folder, 'node_modules', name))
  }
})
after(() => rmSync(folder, { recursive: true, force: true }))

const MSK_IAM = 'aws-msk-iam-sasl-signer-js @aws-sdk/credential-provider-node'
const SECRETS_MANAGER = '@aws-lambda-powertools/parameters @aws-sdk/client-secrets-manager'
const needs = (setting: string, names: string) =>
  `${setting}: needs packages that are not installed; run npm install ${names}`

/** The errors that the constructors throw, by the setting. */
const CONSTRUCTIONS = `
import { createDeadLetterPublisher, KafkaTemplate, ProducerFactory, parseConfig } from 'serverless-kafka-producer'
import { DynamoDbIdStore } from 'serverless-kafka-producer/consumer'
const base = { bootstrapServers: 'a:1,b:2', deadLetter: 'none' }
const sasl = { ...base, securityProtocol: 'SASL_SSL' }
const password = { ...sasl, saslMechanism: 'PLAIN' }
const template = options => new KafkaTemplate(new ProducerFactory({ config: parseConfig(options, {}) }))
const publisher = options => createDeadLetterPublisher(parseConfig({ ...base, ...options }, {}))
const all = {
  mskIam: () => template({ ...sasl, saslMechanism: 'AWS_MSK_IAM' }),
  msk: () => template({ mskClusterArn: 'arn:aws:kafka:eu-west-1:123456789012:cluster/a/b' }),
  secret: () => template({ ...password, secretArn: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-b' }),
  parameter: () => template({ ...password, secretArn: 'arn:aws:ssm:eu-west-1:123456789012:parameter/a' }),
  sqs: () => publisher({ deadLetter: 'sqs:https://sqs.eu-west-1.amazonaws.com/123456789012/a' }),
  s3: () => publisher({ deadLetter: 's3:bucket/prefix' }),
  dynamodb: () => publisher({ deadLetter: 'dynamodb:table' }),
  sns: () => publisher({ deadLetterNotify: 'sns:arn:aws:sns:eu-west-1:123456789012:a' }),
  eventbridge: () => publisher({ deadLetterNotify: 'eventbridge:bus' }),
  webIdentity: () =>
    template({ ...sasl, saslMechanism: 'OAUTHBEARER', saslOauthbearerAwsAudience: 'kafka' }),
  idStore: () => new DynamoDbIdStore({ table: 'handled' }),
  none: () => template(base),
}
const result = {}
for (const [name, construct] of Object.entries(all)) {
  try {
    construct()
    result[name] = 'constructed'
  } catch (error) {
    result[name] = error.name === 'ConfigError' ? error.problems.join() : error.name
  }
}
console.log(JSON.stringify(result))
process.exit()
`

function run(file: string, env: NodeJS.ProcessEnv = {}): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, [file], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, AWS_REGION: 'eu-west-1', ...env },
  })
  assert.equal(status, 0, stderr)
  return stdout
}

test('a setting whose packages are not installed is refused by the constructor, with the command that helps', () => {
  writeFileSync(join(folder, 'program.mjs'), CONSTRUCTIONS)
  assert.deepEqual(JSON.parse(run('program.mjs')), {
    mskIam: needs('sasl.mechanism AWS_MSK_IAM', MSK_IAM),
    msk: needs('KAFKA_MSK_CLUSTER_ARN', '@aws-sdk/client-kafka'),
    secret: needs('KAFKA_SECRET_ARN (a Secrets Manager secret)', SECRETS_MANAGER),
    parameter: needs('KAFKA_SECRET_ARN (an SSM parameter)', '@aws-lambda-powertools/parameters @aws-sdk/client-ssm'),
    sqs: needs('KAFKA_DEAD_LETTER or KAFKA_REDRIVE_FROM (SQS)', '@aws-sdk/client-sqs'),
    s3: needs('KAFKA_DEAD_LETTER (s3:) or KAFKA_REDRIVE_FROM (failure-bucket:)', '@aws-sdk/client-s3'),
    dynamodb: needs('KAFKA_DEAD_LETTER (dynamodb:)', '@aws-sdk/client-dynamodb'),
    sns: needs('KAFKA_DEAD_LETTER_NOTIFY (sns:)', '@aws-sdk/client-sns'),
    eventbridge: needs('KAFKA_DEAD_LETTER_NOTIFY (eventbridge:)', '@aws-sdk/client-eventbridge'),
    webIdentity: needs('sasl.oauthbearer.aws.audience', '@aws-sdk/client-sts'),
    idStore: needs('DynamoDbIdStore', '@aws-sdk/client-dynamodb'),
    none: 'constructed',
  })
})

test('in a bundle that lacks them, the first record is refused with the same text, without a retry', async () => {
  const source = `
import { KafkaTemplate, ProducerFactory, parseConfig } from 'serverless-kafka-producer'
const settings = {
  mskIam: { bootstrapServers: '127.0.0.1:1', securityProtocol: 'SASL_SSL', saslMechanism: 'AWS_MSK_IAM' },
  msk: { mskClusterArn: 'arn:aws:kafka:eu-west-1:123456789012:cluster/a/b' },
  secret: {
    bootstrapServers: '127.0.0.1:1',
    securityProtocol: 'SASL_SSL',
    saslMechanism: 'PLAIN',
    secretArn: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-b',
  },
  webIdentity: {
    bootstrapServers: '127.0.0.1:1',
    securityProtocol: 'SASL_SSL',
    saslMechanism: 'OAUTHBEARER',
    saslOauthbearerAwsAudience: 'kafka',
  },
}
async function sendWith(options) {
  const config = parseConfig(options, {}, () => {})
  const template = new KafkaTemplate(new ProducerFactory({ config }), { listener: {} })
  const [{ error }] = await template.sendAll([{ topic: 'chat', value: 'hello' }])
  return [error.code, error.outcome, error.retriable, error.message].join(' ')
}
Promise.all(Object.values(settings).map(sendWith)).then(texts => {
  console.log(JSON.stringify(texts))
  process.exit()
})
`
  writeFileSync(join(folder, 'source.mjs'), source)
  const { warnings } = await build({
    absWorkingDir: folder,
    entryPoints: ['source.mjs'],
    outfile: join(folder, 'bundle.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'silent',
  })
  assert.deepEqual(
    warnings.map(({ text }) => text),
    [],
  )
  assert.deepEqual(JSON.parse(run('bundle.cjs')), [
    `authentication not-sent false ${needs('sasl.mechanism AWS_MSK_IAM', MSK_IAM)}`,
    `authentication not-sent false ${needs('KAFKA_MSK_CLUSTER_ARN', '@aws-sdk/client-kafka')}`,
    `authentication not-sent false ${needs('KAFKA_SECRET_ARN (a Secrets Manager secret)', SECRETS_MANAGER)}`,
    `authentication not-sent false ${needs('sasl.oauthbearer.aws.audience', '@aws-sdk/client-sts')}`,
  ])
})

test('each import of a package that may be missing says which setting needs it', () => {
  const optional = Object.keys(JSON.parse(readFileSync('package.json', 'utf8')).peerDependencies as object)
  let count = 0
  for (const file of globSync('lib/**/*.ts')) {
    const text = readFileSync(file, 'utf8').replaceAll(/typeof import\('[^']+'\)/g, '')
    for (const [call, name = ''] of text.matchAll(/import\('([^.'][^']*)'\)\s*(?:\.catch\(\s*ifMissing\()?/g)) {
      if (!optional.some(each => name === each || name.startsWith(`${each}/`))) continue
      count++
      assert.match(call, /ifMissing\($/, `${file}: ${name}`)
    }
  }
  assert.ok(count > 10)
})
