// Options of a deployment besides the settings: --param name=value, or stages/<stage>.json.
import { ConfigError } from '../../lib/errors.ts'
import { endpointProblems, VPC_SERVICES } from './vpc-endpoints.ts'

export interface DeployOptions {
  /** Who may send over HTTP: `aws_iam`, or `public`. Only `public` lets anybody send over HTTP. */
  readonly httpAuth: 'aws_iam' | 'public'
  /** Sandboxes that one queue may use. */
  readonly maximumConcurrency: number
  /** Reserved concurrency of each function; default: unreserved. */
  readonly reservedConcurrency: number | undefined
  /** Seconds that an outage may last before a message goes to its source DLQ. */
  readonly outageS: number
  /** Subnets from which the functions reach the brokers: `subnet-1,subnet-2`. */
  readonly subnetIds: readonly string[]
  /** Security groups of the functions: `sg-1,sg-2`. */
  readonly securityGroupIds: readonly string[]
  /** The VPC of `vpcEndpoints`. */
  readonly vpcId: string | undefined
  /** Services that get an endpoint in the VPC: `sqs,secretsmanager`. */
  readonly vpcEndpoints: readonly string[]
  /** Route tables of the subnets, for the endpoints s3 and dynamodb: `rtb-1,rtb-2`. */
  readonly routeTableIds: readonly string[]
  /** An SNS topic that receives the alarms. */
  readonly alarmTopicArn: string | undefined
  /** The schedule on which dead letters are redriven, e.g. `rate(1 hour)`; default: none. */
  readonly redriveSchedule: string | undefined
  /** The KMS key of the secret, if the secret has its own. */
  readonly secretKeyArn: string | undefined
  /** Your own KMS key for queues, logs and the functions' environment, instead of AWS's. */
  readonly kmsKeyArn: string | undefined
  /** Requests per second that the HTTP API accepts; more get 429. Default: the account's limit. */
  readonly httpRateLimit: number | undefined
  /** Concurrent requests that the HTTP API accepts; more get 429. Default: the account's limit. */
  readonly httpBurstLimit: number | undefined
  /** Tags of every resource that can have tags: `team=data,cost=42`. */
  readonly tags: Readonly<Record<string, string>>
}

export const DEFAULTS: DeployOptions = {
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

interface Reader {
  /** Of the whole text; schemas/stage.schema.json has it too. */
  readonly pattern: RegExp
  readonly expected: string
  /** Default: the text. */
  readonly read?: (value: string) => unknown
}

const list = (items: string, what: string): Reader => ({
  pattern: new RegExp(`^(,|${items}(?=,|$))*$`, 'u'),
  expected: `${what}, separated by commas`,
  read: value => value.split(',').filter(Boolean),
})

const fromOne: Reader = {
  pattern: /^(?=.*[1-9])\d{1,9}$/u,
  expected: 'a whole number of at least 1',
  read: Number,
}
const fromTwo: Reader = {
  pattern: /^(?!0*1$)(?=.*[1-9])\d{1,9}$/u,
  expected: 'a whole number of at least 2',
  read: Number,
}
const kmsKey: Reader = { pattern: /^arn:[\w-]+:kms:/u, expected: 'the ARN of a KMS key' }

export const READERS: Readonly<Record<keyof DeployOptions, Reader>> = {
  httpAuth: { pattern: /^(aws_iam|public)$/u, expected: 'aws_iam or public' },
  // The minimum that SQS accepts is 2.
  maximumConcurrency: fromTwo,
  reservedConcurrency: fromOne,
  outageS: fromOne,
  subnetIds: list('subnet-\\w+', 'subnet-…'),
  securityGroupIds: list('sg-\\w+', 'sg-…'),
  vpcId: { pattern: /^vpc-\w+$/u, expected: 'vpc-…' },
  vpcEndpoints: list(`(${VPC_SERVICES.join('|')})`, VPC_SERVICES.join(', ')),
  routeTableIds: list('rtb-\\w+', 'rtb-…'),
  alarmTopicArn: { pattern: /^arn:[\w-]+:sns:/u, expected: 'the ARN of an SNS topic' },
  redriveSchedule: { pattern: /^(rate|cron)\(.+\)$/u, expected: 'rate(…) or cron(…)' },
  secretKeyArn: kmsKey,
  kmsKeyArn: kmsKey,
  httpRateLimit: fromOne,
  httpBurstLimit: fromOne,
  tags: {
    pattern: /^[^=,]{1,128}=[^,\n\r]{0,256}(,[^=,]{1,128}=[^,\n\r]{0,256})*$/u,
    expected: 'name=value, separated by commas',
    read: value => Object.fromEntries(value.split(',').map(pair => /^([^=]*)=(.*)$/.exec(pair)?.slice(1) ?? [])),
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
    const { pattern, expected, read = String } = READERS[name as keyof DeployOptions]
    const value = rest.join('=')
    if (pattern.test(value)) values[name] = read(value)
    else problems.push(`--param ${name}: expected ${expected}, got ${value}.`)
  }
  const options = { ...DEFAULTS, ...values } as DeployOptions
  if (options.subnetIds.length > 0 !== options.securityGroupIds.length > 0)
    problems.push('--param subnetIds and securityGroupIds: expected both or neither.')
  problems.push(...endpointProblems(options))
  if (problems.length > 0) throw new ConfigError(problems)
  return options
}
