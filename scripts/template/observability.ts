// Alarms and the dashboard of the template. Pure. docs/operations.md explains each alarm and its remedy.

import type { Json } from './cloudformation.ts'
import type { Deployment, FunctionResource } from './deployment-model.ts'
import { camelCase } from './naming.ts'

const NAMESPACE = 'ServerlessKafkaProducer'
/** Delivery of a message takes seconds: one that waits longer than this is stuck. */
const OLDEST_S = 900
const CONNECTION_ATTEMPTS_PER_MINUTE = 60
const NEAR_TIMEOUT = 0.8

const queueName = (id: string) => ({ 'Fn::GetAtt': [id, 'QueueName'] })

export function observability({ functions, queues, options: { alarmTopicArn } }: Deployment): Json {
  const ids = (holds: readonly string[]) => queues.filter(queue => holds.includes(queue.holds)).map(({ id }) => id)
  const sources = ids(['source'])
  const failureQueues = ids(['dead-letters', 'failure-destination', 'source-dlq'])
  const actions = alarmTopicArn === undefined ? {} : { AlarmActions: [alarmTopicArn], OKActions: [alarmTopicArn] }
  const alarm = (id: string, description: string, properties: Json): Json => ({
    [`${id}Alarm`]: {
      Type: 'AWS::CloudWatch::Alarm',
      Properties: {
        AlarmDescription: description,
        TreatMissingData: 'notBreaching',
        ComparisonOperator: 'GreaterThanThreshold',
        ...properties,
        ...actions,
      },
    },
  })
  const ofFunction = (functionName: string, metric: string) => ({
    Namespace: 'AWS/Lambda',
    MetricName: metric,
    Dimensions: [{ Name: 'FunctionName', Value: functionName }],
    Period: 300,
    EvaluationPeriods: 1,
  })
  const ofQueue = (id: string, metric: string) => ({
    Namespace: 'AWS/SQS',
    MetricName: metric,
    Dimensions: [{ Name: 'QueueName', Value: queueName(id) }],
    Statistic: 'Maximum',
    Period: 300,
    EvaluationPeriods: 1,
  })
  return Object.assign(
    {},
    ...functions.map(({ key, functionName, timeoutS }) => ({
      ...alarm(`${camelCase(key)}Errors`, `${key}: invocations fail.`, {
        ...ofFunction(functionName, 'Errors'),
        Statistic: 'Sum',
        Threshold: 0,
      }),
      ...alarm(`${camelCase(key)}Throttles`, `${key}: invocations are throttled.`, {
        ...ofFunction(functionName, 'Throttles'),
        Statistic: 'Sum',
        Threshold: 0,
      }),
      ...alarm(
        `${camelCase(key)}Slow`,
        `${key}: one invocation in a hundred takes more than ${NEAR_TIMEOUT * 100} % of its timeout.`,
        {
          ...ofFunction(functionName, 'Duration'),
          ExtendedStatistic: 'p99',
          Threshold: timeoutS * 1000 * NEAR_TIMEOUT,
        },
      ),
      ...alarm(
        `${camelCase(key)}ConnectionAttempts`,
        `${key}: more than ${CONNECTION_ATTEMPTS_PER_MINUTE} connection attempts per minute.`,
        {
          Namespace: NAMESPACE,
          MetricName: 'ConnectionAttempts',
          Dimensions: [
            { Name: 'service', Value: functionName },
            { Name: 'function', Value: functionName },
          ],
          Statistic: 'Sum',
          Period: 60,
          EvaluationPeriods: 5,
          Threshold: CONNECTION_ATTEMPTS_PER_MINUTE,
        },
      ),
    })),
    ...sources.map(id =>
      alarm(`${id}Age`, 'A message has waited for 15 minutes.', {
        ...ofQueue(id, 'ApproximateAgeOfOldestMessage'),
        Threshold: OLDEST_S,
      }),
    ),
    ...failureQueues.map(id =>
      alarm(`${id}NotEmpty`, 'The queue contains messages that were not delivered.', {
        ...ofQueue(id, 'ApproximateNumberOfMessagesVisible'),
        Threshold: 0,
      }),
    ),
    {
      Dashboard: {
        Type: 'AWS::CloudWatch::Dashboard',
        Properties: {
          DashboardName: { 'Fn::Sub': `\${AWS::StackName}` },
          DashboardBody: dashboardBody(functions, [...sources, ...failureQueues]),
        },
      },
    },
  )
}

function dashboardBody(functions: readonly FunctionResource[], queues: readonly string[]): Json {
  // Other stages in the account write to the same namespace.
  const services = functions.map(({ functionName }) => `"${functionName}"`).join(' OR ')
  const search = (metric: string, statistic: string, by: string) => [
    {
      expression: `SEARCH('{${NAMESPACE},${by}} MetricName="${metric}" service=(${services})', '${statistic}', 60)`,
      id: metric.toLowerCase(),
      label: '',
    },
  ]
  const redrive = functions.find(({ key }) => key === 'redrive')?.functionName
  const widget = (title: string, metrics: unknown[], place: { x: number; y: number }, more: Json = {}) => ({
    type: 'metric',
    width: 12,
    height: 6,
    ...place,
    properties: { title, region: `\${AWS::Region}`, view: 'timeSeries', stat: 'Sum', period: 60, metrics, ...more },
  })
  const outcome = 'service,function,topic,outcome'
  const widgets = [
    widget('Records by outcome', [search('Records', 'Sum', outcome)], { x: 0, y: 0 }),
    widget('BrokerTime of a batch, ms, p99', [search('BrokerTime', 'p99', outcome)], { x: 12, y: 0 }),
    widget('QueueTime of a batch, ms, p99', [search('QueueTime', 'p99', outcome)], { x: 0, y: 6 }),
    widget('Records per batch', [search('BatchRecords', 'Average', outcome)], { x: 12, y: 6 }),
    widget('Retries', [search('Retries', 'Sum', 'service,function')], { x: 0, y: 12 }),
    widget('Connection attempts', [search('ConnectionAttempts', 'Sum', 'service,function')], { x: 12, y: 12 }),
    widget(
      'Duration, p99',
      functions.map(({ functionName }) => ['AWS/Lambda', 'Duration', 'FunctionName', functionName]),
      { x: 0, y: 18 },
      { stat: 'p99' },
    ),
    widget(
      'Messages in queues',
      queues.map(id => ['AWS/SQS', 'ApproximateNumberOfMessagesVisible', 'QueueName', `\${${id}Name}`]),
      { x: 12, y: 18 },
      { stat: 'Maximum' },
    ),
    widget(
      'Redrive',
      ['DeadLettersResent', 'DeadLettersFound', 'DeadLettersFailed', 'DeadLettersParked'].map(metric => [
        NAMESPACE,
        metric,
        'service',
        redrive,
        'function',
        redrive,
      ]),
      { x: 0, y: 24 },
    ),
  ]
  return {
    'Fn::Sub': [JSON.stringify({ widgets }), Object.fromEntries(queues.map(id => [`${id}Name`, queueName(id)]))],
  }
}
