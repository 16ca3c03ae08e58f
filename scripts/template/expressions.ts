// Replaces CloudFormation's expressions by texts, as far as packaging can know them, to check limits on lengths.
// Regions, accounts and names that CloudFormation chooses are assumed to be as long as possible.
import type { Json } from './cloudformation.ts'

const PSEUDO_PARAMETERS: ReadonlyMap<string, string> = new Map([
  ['AWS::Partition', 'aws-us-gov'],
  ['AWS::Region', 'ap-northeast-1'],
  ['AWS::AccountId', '123456789012'],
  ['AWS::URLSuffix', 'amazonaws.com.cn'],
  ['AWS::StackName', 'x'.repeat(80)],
])
/** As long as the longest name of a queue, a role or a bucket. */
const LONGEST_NAME = 'x'.repeat(80)

/** Returns the value with a text in place of every expression. */
export function resolved(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(resolved)
  if (typeof value !== 'object' || value === null) return value
  const [entry, ...others] = Object.entries(value)
  if (entry === undefined || others.length > 0) return resolvedObject(value as Json)
  const [name, argument] = entry
  switch (name) {
    case 'Ref':
      return (
        PSEUDO_PARAMETERS.get(argument as string) ??
        `https://sqs.ap-northeast-1.amazonaws.com/123456789012/${LONGEST_NAME}`
      )
    case 'Fn::GetAtt':
      return `arn:aws-us-gov:sqs:ap-northeast-1:123456789012:${LONGEST_NAME}`
    case 'Fn::Sub':
      return substituted(argument)
    case 'Fn::Join': {
      const [separator, parts] = argument as [string, unknown[]]
      return parts.map(resolved).join(separator)
    }
    default:
      return resolvedObject(value as Json)
  }
}

/** Returns the length as JSON without whitespace, as IAM, SQS and Lambda count it. */
export function resolvedLength(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(resolved(value)))
}

function resolvedObject(value: Json): Json {
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, resolved(each)]))
}

function substituted(argument: unknown): string {
  const [text, values] = (Array.isArray(argument) ? argument : [argument, {}]) as [string, Json]
  return text.replaceAll(/\$\{([^!}]+)\}/g, (_, name: string) =>
    String(Object.hasOwn(values, name) ? resolved(values[name]) : (PSEUDO_PARAMETERS.get(name) ?? LONGEST_NAME)),
  )
}
