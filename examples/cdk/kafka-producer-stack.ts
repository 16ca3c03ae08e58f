// One HTTP API and one queue with MSK and IAM, and the dead letters of both. Copy from serverless.yml what else you
// need (FIFO queues, rules, redrive, alarms).
import { resolve } from 'node:path'
import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib'
import { HttpApi, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2'
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers'
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations'
import { type IVpc, SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda'
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'

export interface KafkaProducerStackProps extends StackProps {
  readonly bootstrapServers: string
  /** The MSK cluster: arn:aws:kafka:<region>:<account>:cluster/<name>/<uuid> */
  readonly clusterArn: string
  readonly vpcId: string
  /** The security group of the functions; it must allow traffic to the brokers. */
  readonly securityGroupId: string
  /** Default: looked up by `vpcId`. */
  readonly vpc?: IVpc
}

const HTTP_TIMEOUT = Duration.seconds(29)
const QUEUE_TIMEOUT = Duration.seconds(60)
const VISIBILITY = Duration.seconds(6 * QUEUE_TIMEOUT.toSeconds())
/** 12 h of delays, as KAFKA_SQS_RETURN_DELAY_MAX_MS of the function makes them. */
const MAX_RECEIVE_COUNT = 155
const DIST = resolve(import.meta.dirname, '../../dist/functions')

export class KafkaProducerStack extends Stack {
  readonly #props: KafkaProducerStackProps
  readonly #vpc: IVpc
  readonly #deadLetters: Queue

  constructor(scope: Construct, id: string, props: KafkaProducerStackProps) {
    super(scope, id, props)
    this.#props = props
    this.#vpc = props.vpc ?? Vpc.fromLookup(this, 'Vpc', { vpcId: props.vpcId })
    this.#deadLetters = this.#queue('DeadLetters')

    const http = this.#producer('http', HTTP_TIMEOUT, ['chat', 'earthquakes'])
    const api = new HttpApi(this, 'Api', { defaultAuthorizer: new HttpIamAuthorizer() })
    const integration = new HttpLambdaIntegration('Http', http)
    api.addRoutes({ path: '/topics/{topic}', methods: [HttpMethod.POST], integration })
    api.addRoutes({ path: '/health', methods: [HttpMethod.GET], integration })

    const earthquakes = new Queue(this, 'Earthquakes', {
      // The queue has the name that the contract claims.
      queueName: 'earthquakes',
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      // Its DLQ keeps messages longer: their age counts from here on.
      retentionPeriod: Duration.days(7),
      visibilityTimeout: VISIBILITY,
      deadLetterQueue: {
        queue: this.#queue('EarthquakesFailures'),
        maxReceiveCount: MAX_RECEIVE_COUNT,
      },
    })
    const sqs = this.#producer('sqs', QUEUE_TIMEOUT, ['earthquakes'])
    sqs.addEnvironment('KAFKA_SQS_RETURN_DELAY_MAX_MS', String(VISIBILITY.toMilliseconds()))
    sqs.addEventSource(
      new SqsEventSource(earthquakes, {
        batchSize: 1000,
        maxBatchingWindow: Duration.seconds(1),
        reportBatchItemFailures: true,
        maxConcurrency: 10,
      }),
    )

    new CfnOutput(this, 'Url', { value: api.apiEndpoint })
  }

  #queue(id: string): Queue {
    return new Queue(this, id, {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    })
  }

  /** @param topics the only topics that the function may write to */
  #producer(name: string, timeout: Duration, topics: readonly string[]): LambdaFunction {
    const { bootstrapServers, clusterArn, securityGroupId } = this.#props
    const producer = new LambdaFunction(this, `${name}Function`, {
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 512,
      timeout,
      handler: 'index.handler',
      code: Code.fromAsset(`${DIST}/${name}`),
      logGroup: new LogGroup(this, `${name}Logs`, { retention: RetentionDays.ONE_MONTH }),
      vpc: this.#vpc,
      securityGroups: [SecurityGroup.fromSecurityGroupId(this, `${name}SecurityGroup`, securityGroupId)],
      environment: {
        KAFKA_BOOTSTRAP_SERVERS: bootstrapServers,
        KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
        KAFKA_SASL_MECHANISM: 'AWS_MSK_IAM',
        KAFKA_COMPRESSION_TYPE: 'gzip',
        KAFKA_DEAD_LETTER: `sqs:${this.#deadLetters.queueUrl}`,
        KAFKA_FUNCTION_TIMEOUT_MS: String(timeout.toMilliseconds()),
        POWERTOOLS_SERVICE_NAME: name,
      },
    })
    this.#deadLetters.grantSendMessages(producer)
    const topicArns = topics.map(topic => `${clusterArn.replace(':cluster/', ':topic/')}/${topic}`)
    producer.addToRolePolicy(
      new PolicyStatement({
        actions: ['kafka-cluster:Connect', 'kafka-cluster:WriteDataIdempotently'],
        resources: [clusterArn],
      }),
    )
    producer.addToRolePolicy(
      new PolicyStatement({
        actions: ['kafka-cluster:DescribeTopic', 'kafka-cluster:WriteData'],
        resources: topicArns,
      }),
    )
    return producer
  }
}
