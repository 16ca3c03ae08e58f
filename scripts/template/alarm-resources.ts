// The alarms as CloudFormation resources.
import type { Json } from './cloudformation.ts'
import type { AlarmResource, CompositeAlarmResource, Metric } from './deployment-model.ts'
import type { DeployOptions } from './options.ts'

export function alarmResource(alarm: AlarmResource, options: DeployOptions): Json {
  const { description, metrics, statistic, periodS, periods, threshold } = alarm
  const [metric, ...others] = metrics
  return {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmDescription: description,
      TreatMissingData: 'notBreaching',
      ComparisonOperator: 'GreaterThanThreshold',
      EvaluationPeriods: periods,
      Threshold: threshold,
      ...(metric !== undefined && others.length === 0
        ? { ...metricOf(metric), ...statisticOf(statistic), Period: periodS }
        : { Metrics: sumOf(metrics, statistic, periodS) }),
      ...actions(options),
    },
  }
}

export function compositeAlarmResource({ description, anyOf }: CompositeAlarmResource, options: DeployOptions): Json {
  const rule = anyOf.map(id => `ALARM("\${${id}}")`).join(' OR ')
  return {
    Type: 'AWS::CloudWatch::CompositeAlarm',
    Properties: { AlarmDescription: description, AlarmRule: { 'Fn::Sub': rule }, ...actions(options) },
  }
}

function actions({ alarmTopicArn }: DeployOptions): Json {
  return alarmTopicArn === undefined ? {} : { AlarmActions: [alarmTopicArn], OKActions: [alarmTopicArn] }
}

function metricOf({ namespace, name, dimensions }: Metric): Json {
  const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }))
  return { Namespace: namespace, MetricName: name, Dimensions }
}

function statisticOf(statistic: AlarmResource['statistic']): Json {
  return statistic === 'p99' ? { ExtendedStatistic: statistic } : { Statistic: statistic }
}

/** A metric without a value in a period counts as 0. */
function sumOf(metrics: readonly Metric[], Stat: string, Period: number): Json[] {
  return [
    { Id: 'total', Label: 'Sum', Expression: 'SUM(FILL(METRICS(), 0))', ReturnData: true },
    ...metrics.map((metric, index) => ({
      Id: `m${index}`,
      MetricStat: { Metric: metricOf(metric), Stat, Period },
      ReturnData: false,
    })),
  ]
}
