// EventBridge rules: one per event feed, and the schedule of redrive; and the permissions that they need.
import type { Contract } from '../../lib/contracts/contract.ts'
import { shortHash } from '../../lib/contracts/fit-name.ts'
import { isJsonObject } from '../../lib/record/json-object.ts'
import { arnOf, type Json } from './cloudformation.ts'
import type { Expression, PermissionResource, QueueSender, RuleResource, ScheduleResource } from './deployment-model.ts'
import { ruleNames } from './naming.ts'
import type { DeployOptions } from './options.ts'

const EVENTS = 'events.amazonaws.com'
const DAY_S = 24 * 3600

export function rulesOf(prefix: string, contracts: readonly Contract[], { eventBus }: DeployOptions): RuleResource[] {
  return contracts.flatMap(({ topic, eventbridge }) =>
    eventbridge.map(feed => {
      const pattern = inOneOrder(feed.pattern) as Json
      const name = feed.bus ?? eventBus
      const bus = name === 'default' ? undefined : name
      return {
        ...ruleNames(prefix, topic, bus === undefined ? pattern : { bus, pattern }),
        function: 'eventbridge',
        topic,
        pattern,
        bus,
        dlqId: 'EventRuleFailuresQueue',
        maximumEventAgeS: DAY_S,
        maximumRetryAttempts: 185,
      }
    }),
  )
}

/**
 * Sorts a pattern, so that the same events always give the same rule. Not the lists of `numeric`, whose order matters.
 */
function inOneOrder(part: unknown): unknown {
  if (Array.isArray(part)) return part.every(item => typeof item === 'string') ? part.toSorted() : part
  if (!isJsonObject(part)) return part
  return Object.fromEntries(
    Object.keys(part)
      .toSorted()
      .map(name => [name, inOneOrder(part[name])]),
  )
}

/**
 * One permission for all rules of a bus, because a policy that lists them would exceed Lambda's 20 KB and SQS's 8 KB.
 */
export function permissionOfRules(prefix: string, rules: readonly RuleResource[]): PermissionResource[] {
  return busesOf(rules).map(bus => ({
    id: rulesPermissionId(bus),
    function: 'eventbridge',
    service: EVENTS,
    sourceArn: rulesOfPrefix(prefix, bus),
  }))
}

export function rulesPermissionId(bus: string | undefined): string {
  return `EventbridgeRulesPermission${bus === undefined ? '' : shortHash(bus)}`
}

/** Allows the rules to send events that they can't deliver to their queue. */
export function senderOfRules(prefix: string, rules: readonly RuleResource[]): QueueSender | undefined {
  if (rules.length === 0) return undefined
  return { service: EVENTS, sourceArns: busesOf(rules).map(bus => rulesOfPrefix(prefix, bus)), isOfAccount: false }
}

function busesOf(rules: readonly RuleResource[]): (string | undefined)[] {
  return [...new Set(rules.map(({ bus }) => bus))]
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
      sourceArn: arnOf(id),
    },
  }
}

function rulesOfPrefix(prefix: string, bus: string | undefined): Expression {
  const ofBus = bus === undefined ? '' : `${bus}/`
  return { 'Fn::Sub': `arn:\${AWS::Partition}:events:\${AWS::Region}:\${AWS::AccountId}:rule/${ofBus}${prefix}-*` }
}
