// Queues of contracts that another stack or account owns (--param existingQueues): they get a mapping, but are not
// created.

import { ConfigError } from '../../lib/errors.ts'
import { nearestTo } from '../../lib/record/nearest-name.ts'
import { allow, arnOf, type Statement } from './cloudformation.ts'
import type { Expression } from './deployment-model.ts'
import { queueId } from './naming.ts'
import type { DeployOptions } from './options.ts'

type Existing = Pick<DeployOptions, 'existingQueues' | 'existingDlqs' | 'existingQueueKeyArns'>

/**
 * Returns the ARN of a queue.
 * @param queue the name that its contract claims, with the prefix of the stage
 */
export function queueArnOf(queue: string, { existingQueues }: Existing): Expression {
  return existingQueues.find(arn => nameOf(arn) === queue) ?? arnOf(queueId(queue))
}

export function isOwnQueue(queue: string, { existingQueues }: Existing): boolean {
  return !existingQueues.some(arn => nameOf(arn) === queue)
}

/** Returns the URL of a queue, because no API of SQS accepts an ARN. */
export function queueUrlOf(arn: string): Expression {
  const [, , , region, account, name] = arn.split(':')
  return { 'Fn::Sub': `https://sqs.${region}.\${AWS::URLSuffix}/${account}/${name}` }
}

/** Permissions to decrypt the messages of queues with a key of their own. */
export function existingQueueStatements({ existingQueueKeyArns }: Existing): Statement[] {
  return existingQueueKeyArns.length === 0 ? [] : [allow(['kms:Decrypt'], existingQueueKeyArns)]
}

/**
 * Checks the queues.
 * @throws ConfigError for an ARN whose queue no contract claims, so that it would have no effect
 */
export function checkExistingQueues(queues: readonly string[], { existingQueues }: Existing): void {
  const names = existingQueues.map(nameOf)
  const unclaimed = names.filter(name => !queues.includes(name))
  const twice = names.filter((name, index) => names.indexOf(name) !== index)
  const problems = [
    ...unclaimed.map(name => {
      const near = nearestTo(name, queues)
      return `--param existingQueues: expected queues that a contract claims, got ${name}${
        near === undefined ? '.' : `; did you mean ${near}?`
      }`
    }),
    ...twice.map(name => `--param existingQueues: expected one queue called ${name}, got two.`),
  ]
  if (problems.length > 0) throw new ConfigError(problems)
}

function nameOf(arn: string): string {
  return arn.slice(arn.lastIndexOf(':') + 1)
}
