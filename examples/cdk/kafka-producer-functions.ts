// The functions of a package with everything that feeds them, as a construct: the construct reads the template that
// `npm run package` writes, and creates the same resources.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CfnOutput, CfnResource, Lazy, Stack, Token } from 'aws-cdk-lib'
import { Code, type IFunction, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { type IQueue, Queue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { type CompiledTemplate, OF_OSLS, type Resource, zipOf } from '../../scripts/deployment/other-forms.ts'
import { COMPILED_TEMPLATE, checkPackage } from '../../scripts/deployment/package-folder.ts'

export interface KafkaProducerFunctionsProps {
  /** The folder that `npm run package -- --package <folder>` wrote. */
  readonly packageFolder: string
  /** The stage for which it was packaged. */
  readonly stage: string
}

export class KafkaProducerFunctions extends Construct {
  /**
   * The functions by name: `http`, `sqs`, `sqs-fifo`, `eventbridge`, `redrive`. Only those that a contract feeds exist.
   */
  readonly functions: Readonly<Record<string, IFunction>>
  /** The queues by logical id in the template, e.g. `EarthquakesQueue`, `DeadLettersQueue`. */
  readonly queues: Readonly<Record<string, IQueue>>
  /** By their logical ids in the template. */
  readonly resources: ReadonlyMap<string, CfnResource>
  /** The outputs by name in the template, e.g. `HttpApiUrl`. */
  readonly outputs: Readonly<Record<string, CfnOutput>>

  /** @throws ConfigError for a package of another stage or region, or one that is not complete */
  constructor(scope: Construct, id: string, { packageFolder, stage }: KafkaProducerFunctionsProps) {
    super(scope, id)
    const { region } = Stack.of(this)
    checkPackage(packageFolder, { stage, region: Token.isUnresolved(region) ? undefined : region })
    const template = JSON.parse(readFileSync(join(packageFolder, COMPILED_TEMPLATE), 'utf8')) as CompiledTemplate
    const entries = Object.entries(template.Resources).filter(([id]) => !OF_OSLS.test(id))
    const resources = new Map<string, CfnResource>()
    for (const [id, resource] of entries) resources.set(id, this.#resource(id, resource, packageFolder, resources))
    for (const [id, { DependsOn }] of entries)
      for (const other of [DependsOn ?? []].flat() as string[]) resources.get(id)?.addDependency(of(resources, other))
    this.resources = resources
    const ofType = (type: string) => entries.filter(([, { Type }]) => Type === type)
    this.functions = Object.fromEntries(
      ofType('AWS::Lambda::Function').map(([id, resource]) => {
        const functionArn = of(resources, id).getAtt('Arn').toString()
        const attributes = { functionArn, sameEnvironment: true }
        return [
          zipOf(resource).replace(/\.zip$/, ''),
          LambdaFunction.fromFunctionAttributes(this, `${id}Import`, attributes),
        ]
      }),
    )
    this.queues = Object.fromEntries(
      ofType('AWS::SQS::Queue').map(([id, { Properties }]) => {
        const queue = of(resources, id)
        const attributes = {
          queueArn: queue.getAtt('Arn').toString(),
          queueUrl: queue.ref,
          fifo: Properties?.FifoQueue === true,
        }
        return [id, Queue.fromQueueAttributes(this, `${id}Import`, attributes)]
      }),
    )
    this.outputs = Object.fromEntries(
      Object.entries(template.Outputs ?? {})
        .filter(([id]) => !OF_OSLS.test(id))
        .map(([id, { Value }]) => [
          id,
          new CfnOutput(this, `${id}Output`, { value: Token.asString(converted(Value, resources)) }),
        ]),
    )
  }

  #resource(
    id: string,
    { Type, Properties = {}, DependsOn: _, ...attributes }: Resource,
    packageFolder: string,
    resources: ReadonlyMap<string, CfnResource>,
  ): CfnResource {
    const properties: Record<string, unknown> = {}
    // Added after all resources exist, because a resource may refer to a later one.
    for (const [name, value] of Object.entries(Properties))
      properties[name] = Lazy.any({ produce: () => converted(value, resources) })
    if (Type === 'AWS::Lambda::Function') {
      const zip = join(packageFolder, zipOf({ Type, Properties }))
      const { s3Location } = Code.fromAsset(zip).bind(new Construct(this, `${id}Code`))
      properties.Code = { S3Bucket: s3Location?.bucketName, S3Key: s3Location?.objectKey }
    }
    const resource = new CfnResource(this, id, { type: Type, properties })
    // DeletionPolicy, UpdateReplacePolicy, Metadata, UpdatePolicy, which names resources
    for (const [name, value] of Object.entries(attributes))
      resource.addOverride(name, Lazy.any({ produce: () => converted(value, resources) }))
    return resource
  }
}

function of(resources: ReadonlyMap<string, CfnResource>, id: string): CfnResource {
  const resource = resources.get(id)
  if (resource === undefined) throw new Error(`The template refers to ${id}, which it does not have.`)
  return resource
}

/** The value with references to the resources of the construct, whose logical ids CDK chooses. */
function converted(value: unknown, resources: ReadonlyMap<string, CfnResource>): unknown {
  if (Array.isArray(value)) return value.map(item => converted(item, resources))
  if (typeof value !== 'object' || value === null) return value
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Sub': sub } = value as Record<string, unknown>
  if (typeof Ref === 'string') return Ref.startsWith('AWS::') ? value : of(resources, Ref).ref
  if (attribute !== undefined) {
    const [id = '', ...names] = Array.isArray(attribute) ? (attribute as string[]) : String(attribute).split('.')
    return of(resources, id).getAtt(names.join('.'))
  }
  if (sub !== undefined) {
    const [text, variables] = Array.isArray(sub) ? (sub as [string, Record<string, unknown>]) : [String(sub), {}]
    const withIds = text.replaceAll(/\$\{([^!.}]+)(\.[^}]+)?\}/g, (whole, name: string, attribute = '') => {
      if (name.startsWith('AWS::') || Object.hasOwn(variables, name)) return whole
      return `\${${of(resources, name).logicalId}${attribute}}`
    })
    return { 'Fn::Sub': Array.isArray(sub) ? [withIds, converted(variables, resources)] : withIds }
  }
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, converted(item, resources)]))
}
