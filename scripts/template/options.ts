// What a deployment may say beside the settings: --param name=value, or stages/<stage>.json.
import { ConfigError } from '../../lib/errors.ts'
import { endpointProblems } from './vpc-endpoints.ts'

export interface DeployOptions {
  /** Anybody may send over HTTP only where this says `public`. */
  readonly httpAuth: 'aws_iam' | 'public'
  /** Sandboxes that one queue may fill. */
  readonly maximumConcurrency: number
  /** Of each function; undefined: unreserved. */
  readonly reservedConcurrency: number | undefined
  /** How long an outage may last before a message goes to its queue's dead letters, s. */
  readonly outageS: number
  readonly subnetIds: readonly string[]
  readonly securityGroupIds: readonly string[]
  readonly vpcId: string | undefined
  /** Services that get an endpoint in the VPC. */
  readonly vpcEndpoints: readonly string[]
  readonly routeTableIds: readonly string[]
  /** An SNS topic that alarms are sent to. */
  readonly alarmTopicArn: string | undefined
  /** When dead letters are sent again by themselves, e.g. `rate(1 hour)`; undefined: only by hand. */
  readonly redriveSchedule: string | undefined
  /** Of the secret, where it has a key of its own. */
  readonly secretKeyArn: string | undefined
  /** A KMS key of yours for queues, logs and the functions' environment, in place of AWS's own. */
  readonly kmsKeyArn: string | undefined
  /** Requests per second, and at once, that the HTTP API takes; beyond: 429. Undefined: the account's. */
  readonly httpRateLimit: number | undefined
  readonly httpBurstLimit: number | undefined
  /** Of everything that can have one: `team=data,cost=42`. */
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
  (least: number): Reader =>
  value =>
    /^\d{1,9}$/.test(value) && Number(value) >= least ? Number(value) : new Error(`a whole number of at least ${least}`)
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
  // The least that SQS knows is 2.
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
 * @param params `name=value`, a later one in place of an earlier one
 * @throws ConfigError
 */
export function readOptions(params: readonly string[]): DeployOptions {
  const problems: string[] = []
  const given: Record<string, unknown> = {}
  for (const param of params) {
    const [name = '', ...rest] = param.split('=')
    if (!Object.hasOwn(READERS, name)) {
      problems.push(`--param ${name}: unknown; expected one of ${Object.keys(READERS).join(', ')}.`)
      continue
    }
    const read = READERS[name as keyof DeployOptions](rest.join('='))
    if (read instanceof Error) problems.push(`--param ${name}: expected ${read.message}, got ${rest.join('=')}.`)
    else given[name] = read
  }
  const options = { ...DEFAULTS, ...given } as DeployOptions
  if (options.subnetIds.length > 0 !== options.securityGroupIds.length > 0)
    problems.push('--param subnetIds and securityGroupIds: expected both or neither.')
  problems.push(...endpointProblems(options))
  if (problems.length > 0) throw new ConfigError(problems)
  return options
}
