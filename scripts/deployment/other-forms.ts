// Converts the compiled template for other tools: the same resources, with the code of the functions where each tool
// expects it.
import type { Json } from '../template/cloudformation.ts'

export interface Resource extends Json {
  readonly Type: string
  readonly Properties?: Json
}

export interface CompiledTemplate extends Json {
  readonly Resources: Readonly<Record<string, Resource>>
  readonly Outputs?: Readonly<Record<string, Json>>
}

/** Resources that osls adds for itself: its bucket for zips. */
export const OF_OSLS = /^ServerlessDeploymentBucket/
const FUNCTION = 'AWS::Lambda::Function'
const VERSION = 'AWS::Lambda::Version'

/**
 * The template for CloudFormation itself, Terraform and StackSets. The zips are objects
 * `<ArtifactPrefix><function>.zip` in `ArtifactBucket`.
 */
export function plainTemplate(compiled: CompiledTemplate): Json {
  const parameters = {
    ArtifactBucket: { Type: 'String', Description: 'The bucket that holds the zips of the package' },
    ArtifactPrefix: {
      Type: 'String',
      Description: '; another prefix for each package/; another prefix for each package',
    },
  }
  return withFunctions(compiled, { Parameters: parameters }, (_, properties, zip) => ({
    Type: FUNCTION,
    Properties: {
      ...properties,
      Code: { S3Bucket: { Ref: 'ArtifactBucket' }, S3Key: { 'Fn::Sub': `\${ArtifactPrefix}${zip}` } },
    },
  }))
}

/** The template for AWS SAM. The zips are in the template's folder. */
export function samTemplate(compiled: CompiledTemplate): Json {
  const transform = { Transform: 'AWS::Serverless-2016-10-31' }
  return withFunctions(compiled, transform, (id, { Code: _, Tags, TracingConfig, ...properties }, zip) => {
    const unknown = Object.keys(properties).filter(name => !SAME_IN_SAM.includes(name))
    if (unknown.length > 0) throw new Error(`${id}: expected properties that SAM has, got ${unknown.join(', ')}.`)
    return {
      Type: 'AWS::Serverless::Function',
      Properties: {
        ...properties,
        CodeUri: zip,
        ...(Tags === undefined ? {} : { Tags: tagMap(Tags as Tag[]) }),
        ...(TracingConfig === undefined ? {} : { Tracing: (TracingConfig as { Mode: string }).Mode }),
      },
    }
  })
}

interface Tag {
  readonly Key: string
  readonly Value: unknown
}

/** Properties that AWS::Serverless::Function has in the same form as AWS::Lambda::Function. */
const SAME_IN_SAM = [
  ...['Architectures', 'CodeSigningConfigArn', 'Description', 'Environment', 'EphemeralStorage', 'FileSystemConfigs'],
  ...['FunctionName', 'Handler', 'KmsKeyArn', 'Layers', 'LoggingConfig', 'MemorySize', 'ReservedConcurrentExecutions'],
  ...['RecursiveLoop', 'Role', 'Runtime', 'RuntimeManagementConfig', 'SnapStart', 'Timeout', 'VpcConfig'],
]

const tagMap = (tags: readonly Tag[]) => Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]))

/** @param functionForm converts a function; gets its logical id, its properties and the name of the zip */
function withFunctions(
  { Resources, Outputs = {}, ...compiled }: CompiledTemplate,
  header: Json,
  functionForm: (id: string, properties: Json, zip: string) => Json,
): Json {
  const resources = Object.entries(Resources)
    .filter(([id]) => !OF_OSLS.test(id))
    .map(([id, resource]) => {
      const { Type, Properties = {}, ...attributes } = resource
      if (Type === VERSION) return [id, { Type, ...attributes, Properties: withoutHash(Properties) }]
      return [id, Type === FUNCTION ? { ...attributes, ...functionForm(id, Properties, zipOf(resource)) } : resource]
    })
  // The export names belong to osls.
  const outputs = Object.entries(Outputs)
    .filter(([id]) => !OF_OSLS.test(id))
    .map(([id, { Export: _, ...output }]) => [id, output])
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    ...header,
    ...compiled,
    Resources: Object.fromEntries(resources),
    Outputs: Object.fromEntries(outputs),
  }
}

/** Signing changes a zip and thus its hash. The logical id of a version contains the hash of its code already. */
function withoutHash({ CodeSha256: _, ...properties }: Json): Json {
  return properties
}

/** The name of the zip of a compiled function, e.g. `http.zip`. */
export function zipOf({ Properties }: Resource): string {
  const { S3Key } = (Properties as { Code: { S3Key: string } }).Code
  return S3Key.slice(S3Key.lastIndexOf('/') + 1)
}
