// The kinds of values that a parameter can have. A pattern covers the whole text, so that the JSON Schema of stages
// refuses the same values as the command.
import { wholeNumberPattern } from './whole-number-pattern.ts'

export interface Kind<T> {
  readonly pattern: RegExp
  /** Completes "expected …". */
  readonly expected: string
  /** @returns undefined for a text that matches the pattern but is wrong nevertheless */
  readonly read: (text: string) => T | undefined
}

export function text(pattern: RegExp, expected: string): Kind<string> {
  return { pattern, expected, read: String }
}

export function choice<const T extends string>(...choices: readonly T[]): Kind<T> {
  const last = choices.at(-1)
  return {
    pattern: new RegExp(`^(${choices.join('|')})$`, 'u'),
    expected: `${choices.slice(0, -1).join(', ')} or ${last}`,
    read: value => value as T,
  }
}

export function wholeNumber(min: number, max: number): Kind<number> {
  return {
    pattern: new RegExp(`^(${wholeNumberPattern(min, max)})$`, 'u'),
    expected: `a whole number from ${min} to ${max}`,
    read: Number,
  }
}

export function wholeNumberOf(...numbers: readonly number[]): Kind<number> {
  return { ...choice(...numbers.map(String)), read: Number }
}

/**
 * Texts separated by commas.
 * @param what describes one item, e.g. `subnet-…`
 */
export function list(items: string, what: string, min: 0 | 1 = 0): Kind<readonly string[]> {
  return {
    pattern: new RegExp(`^${min === 0 ? '' : '(?=.*[^,])'}(,|(${items})(?=,|$))*$`, 'u'),
    expected: `${what}, separated by commas`,
    read: value => value.split(',').filter(Boolean),
  }
}

/**
 * A stack can have at most 50 tags, and osls adds `STAGE`: docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/
 */
const MAX_TAGS = 49
/**
 * Letters, digits, spaces and the other characters that all services accept. Names that begin with `aws:` are reserved.
 */
const TAG = '(?![aA][wW][sS]:)[\\p{L}\\p{N} _.:/+@-]{1,128}=[\\p{L}\\p{N} _.:/=+@-]{0,256}'

/** `name=value`, separated by commas. */
export const TAGS: Kind<Readonly<Record<string, string>>> = {
  pattern: new RegExp(`^${TAG}(,${TAG})*$`, 'u'),
  expected: `name=value, separated by commas: at most ${MAX_TAGS} names, each once, none that begins with aws:`,
  read: value => {
    const pairs = value.split(',').map(pair => /^([^=]*)=(.*)$/.exec(pair)?.slice(1) ?? [])
    const tags: Record<string, string> = Object.fromEntries(pairs)
    const names = Object.keys(tags).length
    return names === pairs.length && names <= MAX_TAGS ? tags : undefined
  },
}

export const SQS_QUEUES = list('arn:[\\w-]+:sqs:[\\w-]+:\\d{12}:[\\w-]{1,80}(\\.fifo)?', 'ARNs of SQS queues')

/** Not an alias: IAM does not accept one as the resource of a policy, so the roles would have no permission. */
const KEY_ARN = 'arn:[\\w-]+:kms:[\\w-]+:\\d{12}:key/[\\w-]+'

export const KMS_KEYS = list(KEY_ARN, 'ARNs of KMS keys (…:key/…)')

export const KMS_KEY = text(new RegExp(`^${KEY_ARN}$`, 'u'), 'the ARN of a KMS key (…:key/…)')

/** Who may send to a queue: SNS topics, buckets, rules of EventBridge, accounts, roles and users. */
export const SENDERS = list(
  [
    'arn:[\\w-]+:sns:[\\w-]+:\\d{12}:[\\w-]{1,256}(\\.fifo)?',
    'arn:[\\w-]+:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]',
    'arn:[\\w-]+:events:[\\w-]+:\\d{12}:rule/[\\w./-]+',
    'arn:[\\w-]+:iam::\\d{12}:(root|(role|user)/[\\w+=.@/-]+)',
  ].join('|'),
  'ARNs of SNS topics, buckets, rules of EventBridge, accounts (…:root), roles or users',
)
