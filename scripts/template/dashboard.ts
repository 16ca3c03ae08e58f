// The dashboard of a deployment: the metrics of its functions and queues.
import { NAMESPACE } from './alarms.ts'
import { type Json, queueNameOf } from './cloudformation.ts'
import type { Deployment, FunctionResource } from './deployment-model.ts'

export function dashboardResource({ functions, queues }: Pick<Deployment, 'functions' | 'queues'>): Json {
  const ids = queues.filter(({ holds }) => holds !== 'lease').map(({ id }) => id)
  return {
    Type: 'AWS::CloudWatch::Dashboard',
    Properties: {
      DashboardName: { 'Fn::Sub': `\${AWS::StackName}` },
      DashboardBody: dashboardBody(functions, ids),
    },
  }
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
    'Fn::Sub': [JSON.stringify({ widgets }), Object.fromEntries(queues.map(id => [`${id}Name`, queueNameOf(id)]))],
  }
}
