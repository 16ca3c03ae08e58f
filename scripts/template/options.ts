// Options of a deployment besides the settings: --param name=value, or stages/<stage>.json.
import { ConfigError } from '../../lib/errors.ts'
import { endpointProblems } from './vpc-endpoints.ts'

export interface DeployOptions {
  /** Only `public` lets anybody send over HTTP. */
  readonly httpAuth: 'aws_iam' | 'public'
  /** Sandboxes that one queue may use. */
  readonly maximumConcurrency: number
  /** Reserved concurrency of each function; undefined: unreserved. */
  readonly reservedConcurrency: number | undefined
  /** Seconds that an outage may last before a message goes to its source DLQ. */
  readonly outageS: number
  readonly subnetIds: readonly string[]
  readonly securityGroupIds: readonly string[]
  readonly vpcId: string | undefined
  /** Services that get an endpoint in the VPC. */
  readonly vpcEndpoints: readonly string[]
  readonly routeTableIds: readonly string[]
  /** An SNS topic that receives the alarms. */
  readonly alarmTopicArn: string | undefined
  /** The schedule on which dead letters are redriven, e.g. `rate(1 hour)`; undefined: no schedule. */
  readonly redriveSchedule: string | undefined
  /** The KMS key of the secret, if the secret has its own. */
  readonly secretKeyArn: string | undefined
  /** Your own KMS key for queues, logs and the functions' environment, instead of AWS's. */
  readonly kmsKeyArn: string | undefined
  /** Requests per second that the HTTP API accepts; more get 429. Undefined: the account's limit. */
  readonly httpRateLimit: number | undefined
  /** Concurrent requests that the HTTP API accepts; more get 429. Undefined: the account's limit. */
  readonly httpBurstLimit: number | undefined
  /** Tags of every resource that can have tags: `team=data,cost=42`. */
  readonly tags: Readonly<Record<string, string>>
}

const DEFAULTS: DeployOptions = {
  httpAuth: 'aws_iam',
  maximumConcurrency: 10,
  reservedConcurrency: undefined,
  outageS: 12 * 3600,
  subnetIds: [],
  securityGroupIds: [],
  vpcId: undefined,
  vpcEndpoints: [],
  routeTableIds: [],
  alarmTopicArn: undefined,
  redriveSchedule: undefined,
  secretKeyArn: undefined,
  kmsKeyArn: undefined,
  httpRateLimit: undefined,
  httpBurstLimit: undefined,
  tags: {},
}

type Reader = (value: string) => unknown

const wholeNumber =
  (min: number): Reader =>
  value =>
    /^\d{1,9}$/.test(value) && Number(value) >= min ? Number(value) : new Error(`a whole number of at least ${min}`)
const matching =
  (pattern: RegExp, what: string): Reader =>
  value =>
    pattern.test(value) ? value : new Error(what)
const list =
  (one: RegExp, what: string): Reader =>
  value => {
    const items = value.split(',').filter(Boolean)
    return items.every(item => one.test(item)) ? items : new Error(`${what}, separated by commas`)
  }

const READERS: Readonly<Record<keyof DeployOptions, Reader>> = {
  httpAuth: matching(/^(aws_iam|public)$/, 'aws_iam or public'),
  // The minimum that SQS accepts is 2.
  maximumConcurrency: wholeNumber(2),
  reservedConcurrency: wholeNumber(1),
  outageS: wholeNumber(1),
  subnetIds: list(/^subnet-\w+$/, 'subnet-…'),
  securityGroupIds: list(/^sg-\w+$/, 'sg-…'),
  vpcId: matching(/^vpc-\w+$/, 'vpc-…'),
  vpcEndpoints: list(/./, 'services'),
  routeTableIds: list(/^rtb-\w+$/, 'rtb-…'),
  alarmTopicArn: matching(/^arn:[\w-]+:sns:/, 'the ARN of an SNS topic'),
  redriveSchedule: matching(/^(rate|cron)\(.+\)$/, 'rate(…) or cron(…)'),
  secretKeyArn: matching(/^arn:[\w-]+:kms:/, 'the ARN of a KMS key'),
  kmsKeyArn: matching(/^arn:[\w-]+:kms:/, 'the ARN of a KMS key'),
  httpRateLimit: wholeNumber(1),
  httpBurstLimit: wholeNumber(1),
  tags: value => {
    const pairs = value.split(',').map(pair => /^([^=]{1,128})=(.{0,256})$/.exec(pair))
    return pairs.every(Boolean)
      ? Object.fromEntries(pairs.map(pair => [pair?.[1], pair?.[2]]))
      : new Error('name=value, separated by commas')
  },
}

/**
 * @param params `name=value`; of a repeated name the last one counts
 * @throws ConfigError
 */
export function readOptions(params: readonly string[]): DeployOptions {
  const problems: string[] = []
  const values: Record<string, unknown> = {}
  for (const param of params) {
    const [name = '', ...rest] = param.split('=')
    if (!Object.hasOwn(READERS, name)) {
      problems.push(`--param ${name}: unknown; expected one of ${Object.keys(READERS).join(', ')}.`)
      continue
    }
    const read = READERS[name as keyof DeployOptions](rest.join('='))
    if (read instanceof Error) problems.push(`--param ${name}: expected ${read.message}, got ${rest.join('=')}.`)
    else values[name] = read
  }
  const options = { ...DEFAULTS, ...values } as DeployOptions
  if (options.subnetIds.length > 0 !== options.securityGroupIds.length > 0)
    problems.push('--param subnetIds and securityGroupIds: expected both or neither.')
  problems.push(...endpointProblems(options))
  if (problems.length > 0) throw new ConfigError(problems)
  return options
}
