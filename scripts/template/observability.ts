// Alarms and the dashboard of the template. Pure. docs/operations.md explains each alarm and its remedy.

import { functionName, type Json, logicalId } from './cloudformation.ts'

export interface Observed {
  /** Functions with their timeouts in seconds. */
  readonly functions: readonly { readonly name: string; readonly timeoutS: number }[]
  /** Logical ids of the queues that feed a function. */
  readonly sources: readonly string[]
  /** Logical ids of the queues of dead letters, source DLQs and failure destinations. */
  readonly failureQueues: readonly string[]
  /** The SNS topic that receives the alarms; undefined: the alarms notify nobody. */
  readonly alarmTopicArn: string | undefined
}

const NAMESPACE = 'ServerlessKafkaProducer'
/** Delivery of a message takes seconds: one that waits longer than this is stuck. */
const OLDEST_S = 900
const CONNECTION_ATTEMPTS_PER_MINUTE = 60
const NEAR_TIMEOUT = 0.8

const queueName = (id: string) => ({ 'Fn::GetAtt': [id, 'QueueName'] })

export function observability({ functions, sources, failureQueues, alarmTopicArn }: Observed): Json {
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
  const ofFunction = (name: string, metric: string) => ({
    Namespace: 'AWS/Lambda',
    MetricName: metric,
    Dimensions: [{ Name: 'FunctionName', Value: functionName(name) }],
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
    ...functions.map(({ name, timeoutS }) => ({
      ...alarm(`${logicalId(name)}Errors`, `${name}: invocations fail.`, {
        ...ofFunction(name, 'Errors'),
        Statistic: 'Sum',
        Threshold: 0,
      }),
      ...alarm(`${logicalId(name)}Throttles`, `${name}: invocations are throttled.`, {
        ...ofFunction(name, 'Throttles'),
        Statistic: 'Sum',
        Threshold: 0,
      }),
      ...alarm(
        `${logicalId(name)}Slow`,
        `${name}: one invocation in a hundred takes more than ${NEAR_TIMEOUT * 100} % of its timeout.`,
        {
          ...ofFunction(name, 'Duration'),
          ExtendedStatistic: 'p99',
          Threshold: timeoutS * 1000 * NEAR_TIMEOUT,
        },
      ),
      ...alarm(
        `${logicalId(name)}ConnectionAttempts`,
        `${name}: more than ${CONNECTION_ATTEMPTS_PER_MINUTE} connection attempts per minute.`,
        {
          Namespace: NAMESPACE,
          MetricName: 'ConnectionAttempts',
          Dimensions: [
            { Name: 'service', Value: functionName(name) },
            { Name: 'function', Value: functionName(name) },
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

function dashboardBody(functions: Observed['functions'], queues: readonly string[]): Json {
  // Other stages in the account write to the same namespace.
  const services = functions.map(({ name }) => `"${functionName(name)}"`).join(' OR ')
  const search = (metric: string, statistic: string, by: string) => [
    {
      expression: `SEARCH('{${NAMESPACE},${by}} MetricName="${metric}" service=(${services})', '${statistic}', 60)`,
      id: metric.toLowerCase(),
      label: '',
    },
  ]
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
      functions.map(({ name }) => ['AWS/Lambda', 'Duration', 'FunctionName', functionName(name)]),
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
        functionName('redrive'),
        'function',
        functionName('redrive'),
      ]),
      { x: 0, y: 24 },
    ),
  ]
  return {
    'Fn::Sub': [JSON.stringify({ widgets }), Object.fromEntries(queues.map(id => [`${id}Name`, queueName(id)]))],
  }
}
