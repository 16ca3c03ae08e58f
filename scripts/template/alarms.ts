// The alarms of a deployment, for what it contains. Each kind has its section in docs/operations.md, to which the
// descriptions of its alarms point.
import { queueNameOf } from './cloudformation.ts'
import type {
  AlarmResource,
  CompositeAlarmResource,
  Deployment,
  FunctionResource,
  Metric,
  RuleResource,
} from './deployment-model.ts'
import { camelCase } from './naming.ts'

export const NAMESPACE = 'ServerlessKafkaProducer'
/** CloudWatch's limit of metrics in one alarm. */
const METRICS_PER_ALARM = 10
/** The rule of a composite alarm has at most 10,240 characters, and the name of an alarm 255. */
const ALARMS_PER_COMPOSITE = 35

type Observed = Pick<Deployment, 'functions' | 'queues' | 'rules' | 'routes' | 'options'>
type Condition = Pick<AlarmResource, 'metrics' | 'threshold'> &
  Partial<Pick<AlarmResource, 'function' | 'statistic' | 'periodS' | 'periods'>>

export function alarmsOf(observed: Observed): AlarmResource[] {
  return [
    ...observed.functions.flatMap(each => functionAlarms(each, observed)),
    ...(observed.routes.length > 0 ? [httpApiAlarm(observed)] : []),
    ...inChunks(observed.rules, METRICS_PER_ALARM).flatMap(ruleAlarms),
    ...queueAlarms(observed),
  ]
}

function functionAlarms(each: FunctionResource, { options }: Observed): AlarmResource[] {
  const { key, functionName, timeoutS, asynchronous } = each
  const ofLambda = (name: string): Metric => ({
    namespace: 'AWS/Lambda',
    name,
    dimensions: { FunctionName: functionName },
  })
  const functionMetric = (name: string): Metric => ({
    namespace: NAMESPACE,
    name,
    dimensions: { service: functionName, function: functionName },
  })
  const periods = options.alarmPeriods
  const of = (kind: string, text: string, condition: Condition) =>
    alarm(`${camelCase(key)}${kind}`, kind, `${key}: ${text}`, { ...condition, function: key })
  const { alarmSlowPercent: percent, alarmEventAgeS } = options
  return [
    of('Errors', 'invocations fail.', { metrics: [ofLambda('Errors')], threshold: options.alarmErrors, periods }),
    of('Throttles', 'invocations are throttled.', {
      metrics: [ofLambda('Throttles')],
      threshold: options.alarmThrottles,
      periods,
    }),
    of('Slow', `one invocation in a hundred takes more than ${percent} % of its timeout.`, {
      metrics: [ofLambda('Duration')],
      statistic: 'p99',
      threshold: timeoutS * 10 * percent,
      periods,
    }),
    of('ConnectionAttempts', `more than ${options.alarmConnectionAttempts} connection attempts per minute.`, {
      metrics: [functionMetric('ConnectionAttempts')],
      threshold: options.alarmConnectionAttempts,
      periodS: 60,
      periods: 5,
    }),
    ...(key === 'redrive'
      ? []
      : [
          of('Returned', 'records were neither delivered nor stored; their callers or sources have them back.', {
            metrics: [functionMetric('RecordsReturned')],
            threshold: options.alarmReturned,
            periods,
          }),
        ]),
    ...(asynchronous === undefined
      ? []
      : [
          of('AsyncEventsDropped', 'Lambda stopped retrying events; the on-failure destination has them.', {
            metrics: [ofLambda('AsyncEventsDropped')],
            threshold: 0,
          }),
          of('AsyncEventAge', `an event has waited for more than ${alarmEventAgeS} s.`, {
            metrics: [ofLambda('AsyncEventAge')],
            statistic: 'Maximum',
            threshold: alarmEventAgeS * 1000,
            periods,
          }),
          of('DestinationDeliveryFailures', 'the on-failure destination did not take events: they are lost.', {
            metrics: [ofLambda('DestinationDeliveryFailures')],
            threshold: 0,
          }),
        ]),
  ]
}

function httpApiAlarm({ options }: Observed): AlarmResource {
  return alarm('Http5xx', '5xx', 'The HTTP API answers with 5xx.', {
    function: 'http',
    metrics: [{ namespace: 'AWS/ApiGateway', name: '5xx', dimensions: { ApiId: { Ref: 'HttpApi' } } }],
    threshold: options.alarmServerErrors,
    periods: options.alarmPeriods,
  })
}

/** CloudWatch's limit for a description is 1,024 characters. */
const MAX_TOPICS_TEXT = 800

/** Alarms for several rules at once: two alarms per rule would soon be more resources than a stack may have. */
function ruleAlarms(rules: readonly RuleResource[], index: number): AlarmResource[] {
  const all = [...new Set(rules.map(({ topic }) => topic))].join(', ')
  const topics = all.length > MAX_TOPICS_TEXT ? `${all.slice(0, MAX_TOPICS_TEXT)}…` : all
  const of = (name: string, text: string) =>
    alarm(`EventRules${index + 1}${name}`, name, `${text} (rules of ${topics}).`, {
      metrics: rules.map(rule => ({
        namespace: 'AWS/Events',
        name,
        dimensions: { ...(rule.bus === undefined ? {} : { EventBusName: rule.bus }), RuleName: rule.name },
      })),
      threshold: 0,
    })
  return [
    of('FailedInvocations', 'A rule stopped retrying events'),
    of('InvocationsFailedToBeSentToDlq', 'A rule could not store events that it stopped retrying: they are lost'),
  ]
}

function queueAlarms({ queues, options }: Observed): AlarmResource[] {
  const of = (id: string, kind: string, text: string, metric: string, threshold: number) =>
    alarm(`${id}${kind}`, kind, text, {
      metrics: [{ namespace: 'AWS/SQS', name: metric, dimensions: { QueueName: queueNameOf(id) } }],
      statistic: 'Maximum',
      threshold,
    })
  const age = 'ApproximateAgeOfOldestMessage'
  const { alarmMessageAgeS, alarmDeadLetterAgeS } = options
  return queues.flatMap(({ id, holds }) => {
    if (holds === 'lease') return []
    if (holds === 'source')
      return [of(id, 'Age', `A message has waited for more than ${alarmMessageAgeS} s.`, age, alarmMessageAgeS)]
    const notEmpty = of(
      id,
      'NotEmpty',
      'The queue has what was not delivered.',
      'ApproximateNumberOfMessagesVisible',
      0,
    )
    // With an alarm for the age as well, a stack of many queues would need a sixth more resources.
    if (holds === 'source-dlq') return [notEmpty]
    const waits = `A message is older than ${alarmDeadLetterAgeS} s; SQS deletes it after 14 days.`
    return [notEmpty, of(id, 'Oldest', waits, age, alarmDeadLetterAgeS)]
  })
}

function alarm(name: string, kind: string, text: string, condition: Condition): AlarmResource {
  const defaults = { function: undefined, statistic: 'Sum', periodS: 300, periods: 1 } as const
  return { id: `${name}Alarm`, kind, description: described(text, kind), ...defaults, ...condition }
}

/**
 * Alarms that mean that records are not reaching Kafka now. Not those of stored records, which wait for a redrive:
 * NotEmpty and Oldest.
 */
const NOT_ARRIVING: ReadonlySet<string> = new Set([
  'Returned',
  '5xx',
  'AsyncEventsDropped',
  'AsyncEventAge',
  'DestinationDeliveryFailures',
  'FailedInvocations',
  'InvocationsFailedToBeSentToDlq',
  'Age',
])

/** One alarm for all of these. If there are too many, it combines several composite alarms. */
export function compositeAlarmsOf(alarms: readonly AlarmResource[]): CompositeAlarmResource[] {
  const kind = 'RecordsNotArriving'
  const composite = (name: string, of: readonly { readonly id: string }[]): CompositeAlarmResource => ({
    id: `${name}Alarm`,
    description: described('Records are not arriving in Kafka.', kind),
    anyOf: of.map(({ id }) => id),
  })
  const chunks = inChunks(
    alarms.filter(each => NOT_ARRIVING.has(each.kind)),
    ALARMS_PER_COMPOSITE,
  )
  if (chunks.length < 2) return chunks.map(chunk => composite(kind, chunk))
  const parts = chunks.map((chunk, index) => composite(`${kind}${index + 1}`, chunk))
  return [...parts, composite(kind, parts)]
}

function described(text: string, kind: string): string {
  return `${text} See docs/operations.md#${kind.toLowerCase()}`
}

function inChunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  )
}
