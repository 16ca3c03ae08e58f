// EventBridge: a rule per event feed, the schedule of redrive, and what they may invoke and send to.
import type { Contract } from '../../lib/contracts/contract.ts'
import type {
  Expression,
  PermissionResource,
  QueuePolicyResource,
  RuleResource,
  ScheduleResource,
} from './deployment-model.ts'
import { ruleNames } from './naming.ts'
import type { DeployOptions } from './options.ts'

const EVENTS = 'events.amazonaws.com'
const DAY_S = 24 * 3600

export function rulesOf(prefix: string, contracts: readonly Contract[]): RuleResource[] {
  return contracts.flatMap(({ topic, eventbridge }) =>
    eventbridge.map(({ source, detailType }) => {
      // In one order: the same events are the same rule.
      const pattern = {
        source: source.toSorted(),
        ...(detailType ? { 'detail-type': detailType.toSorted() } : {}),
      }
      return {
        ...ruleNames(prefix, topic, pattern),
        function: 'eventbridge',
        topic,
        pattern,
        dlqId: 'EventRuleFailuresQueue',
        maximumEventAgeS: DAY_S,
        maximumRetryAttempts: 185,
      }
    }),
  )
}

/** One for all rules: a policy that lists them would outgrow Lambda's 20 KB, and SQS's 8 KB. */
export function permissionOfRules(prefix: string, rules: readonly RuleResource[]): PermissionResource[] {
  if (rules.length === 0) return []
  return [
    { id: 'EventbridgeRulesPermission', function: 'eventbridge', service: EVENTS, sourceArn: rulesOfPrefix(prefix) },
  ]
}

/** Lets the rules send what they can't deliver to their queue. */
export function policyOfRules(prefix: string, rules: readonly RuleResource[]): QueuePolicyResource[] {
  if (rules.length === 0) return []
  return [
    {
      id: 'EventRuleFailuresPolicy',
      queueId: 'EventRuleFailuresQueue',
      service: EVENTS,
      sourceArn: rulesOfPrefix(prefix),
    },
  ]
}

export function scheduleOf({
  redriveSchedule,
}: DeployOptions): { schedule: ScheduleResource; permission: PermissionResource } | undefined {
  if (redriveSchedule === undefined) return undefined
  const id = 'RedriveEventsRuleSchedule1'
  return {
    schedule: { id, function: 'redrive', expression: redriveSchedule },
    permission: {
      id: 'RedriveLambdaPermissionEventsRuleSchedule1',
      function: 'redrive',
      service: EVENTS,
      sourceArn: { 'Fn::GetAtt': [id, 'Arn'] },
    },
  }
}

function rulesOfPrefix(prefix: string): Expression {
  return { 'Fn::Sub': `arn:\${AWS::Partition}:events:\${AWS::Region}:\${AWS::AccountId}:rule/${prefix}-*` }
}
