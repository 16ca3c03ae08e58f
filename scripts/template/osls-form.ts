// The form of a deployment for serverless.yml (build/serverless.json): functions and routes in osls's own form,
// everything else as CloudFormation resources. Pure.
import { CORS } from '../../functions/http/cors.ts'
import { ROUTES } from '../../functions/http/routes.ts'
import type { Json } from './cloudformation.ts'
import type { Deployment, FunctionResource } from './deployment-model.ts'
import { fileSystemConfig } from './file-system.ts'
import { aliasExtensions } from './gradual-deployment.ts'
import { httpDomainOutputs } from './http-domain.ts'
import { packagersId } from './naming.ts'
import type { DeployOptions } from './options.ts'
import { packagedPaths } from './packaged-files.ts'
import { cloudFormationResources } from './resources.ts'
import { endpointOutputs } from './vpc-endpoints.ts'

export function oslsForm(deployment: Deployment): Json {
  const { functions, options, corsOrigins } = deployment
  return {
    service: options.serviceName,
    deploymentBucket:
      options.deploymentBucket === undefined
        ? { blockPublicAccess: true, versioning: true }
        : { name: options.deploymentBucket },
    functions: Object.fromEntries(functions.map(each => [each.key, functionForm(each, deployment)])),
    vpc:
      options.subnetIds.length > 0
        ? { subnetIds: options.subnetIds, securityGroupIds: options.securityGroupIds }
        : null,
    kmsKeyArn: options.kmsKeyArn ?? null,
    tags: Object.keys(options.tags).length > 0 ? options.tags : null,
    httpApi: {
      cors: corsOrigins === undefined ? false : corsOf(corsOrigins, options),
      ...(options.httpAuth === 'jwt' ? { authorizers: { jwt: jwtAuthorizer(options) } } : {}),
      ...(options.httpAuth === 'lambda' ? { authorizers: { lambda: lambdaAuthorizer(options) } } : {}),
    },
    logRetentionInDays: options.logRetentionDays,
    resources: {
      Resources: cloudFormationResources(deployment),
      extensions: extensions(deployment),
      Outputs: {
        DeadLettersQueueUrl: { Value: { Ref: 'DeadLettersQueue' } },
        ...httpDomainOutputs(options),
        ...endpointOutputs(options),
      },
    },
  }
}

function functionForm(each: FunctionResource, { routes, options }: Deployment): Json {
  return {
    name: each.functionName,
    handler: `dist/functions/${each.bundle}/index.handler`,
    memorySize: each.memoryMb,
    timeout: each.timeoutS,
    role: each.role.id,
    ...(each.reservedConcurrency === undefined ? {} : { reservedConcurrency: each.reservedConcurrency }),
    // osls creates an alias only with provisioned concurrency; aliasExtensions removes it again.
    ...(each.alias === undefined ? {} : { provisionedConcurrency: each.alias.provisionedConcurrency ?? 1 }),
    environment: each.environment,
    ...(options.layers.length > 0 ? { layers: options.layers } : {}),
    ...fileSystemConfig(options),
    ...(options.tracing === 'active' ? { tracing: 'Active' } : {}),
    ...(options.logFormat === 'Text' ? {} : { logs: logsOf(options) }),
    package: { patterns: [`dist/functions/${each.bundle}/**/*.mjs`, ...packagedPaths(each.environment)] },
    events:
      each.key === 'http'
        ? routes.map(route => ({
            httpApi: {
              ...route,
              ...authorizerOf(options),
            },
          }))
        : [],
  }
}

function logsOf({ logFormat, systemLogLevel }: DeployOptions): Json {
  return { logFormat, ...(systemLogLevel === undefined ? {} : { systemLogLevel }) }
}

function authorizerOf({ httpAuth, jwtScopes }: DeployOptions): Json {
  if (httpAuth === 'public') return {}
  if (httpAuth === 'aws_iam') return { authorizer: { type: 'aws_iam' } }
  if (httpAuth === 'lambda') return { authorizer: { name: 'lambda', type: 'request' } }
  return { authorizer: { name: 'jwt', ...(jwtScopes.length > 0 ? { scopes: jwtScopes } : {}) } }
}

function jwtAuthorizer({ jwtIssuer, jwtAudience }: DeployOptions): Json {
  return {
    type: 'jwt',
    identitySource: '$request.header.Authorization',
    issuerUrl: jwtIssuer,
    audience: jwtAudience,
  }
}

/** The authorizer in osls's form. osls allows the HTTP API to invoke the function. */
function lambdaAuthorizer({ authorizerArn, authorizerIdentitySources, authorizerTtlS }: DeployOptions): Json {
  return {
    type: 'request',
    functionArn: authorizerArn,
    payloadVersion: '2.0',
    enableSimpleResponses: true,
    identitySource: authorizerIdentitySources,
    resultTtlInSeconds: authorizerTtlS,
  }
}

/** The HTTP API answers preflight requests itself, because a route for them would have no authorizer. */
function corsOf(allowedOrigins: readonly string[], options: DeployOptions): Json {
  return {
    allowedOrigins,
    allowedMethods: [...new Set(ROUTES.map(({ method }) => method))],
    allowedHeaders: [...new Set([...CORS.requestHeaders, ...identityHeaders(options)])],
    exposedResponseHeaders: CORS.responseHeaders,
    maxAge: CORS.maxAgeS,
  }
}

/** The headers that the authorizer's function needs. Without permission, a browser does not send them. */
function identityHeaders({ httpAuth, authorizerIdentitySources }: DeployOptions): string[] {
  if (httpAuth !== 'lambda') return []
  return authorizerIdentitySources.flatMap(source => /^\$request\.header\.(.+)$/.exec(source)?.[1]?.toLowerCase() ?? [])
}

/** Properties for which osls has no option, of resources that it creates itself. */
function extensions(deployment: Deployment): Json {
  const { functions, routes, options } = deployment
  const { kmsKeyArn, httpRateLimit, httpBurstLimit, codeSigningConfigArn } = options
  const hasApi = routes.length > 0
  const logGroups = [...functions.map(({ key }) => packagersId(key)), ...(hasApi ? ['HttpApi'] : [])].map(name => ({
    [`${name}LogGroup`]: { Properties: { KmsKeyId: kmsKeyArn } },
  }))
  const settings = {
    ...(httpRateLimit === undefined ? {} : { ThrottlingRateLimit: httpRateLimit }),
    ...(httpBurstLimit === undefined ? {} : { ThrottlingBurstLimit: httpBurstLimit }),
  }
  const signed = functions.map(({ id }) => [id, { Properties: { CodeSigningConfigArn: codeSigningConfigArn } }])
  return {
    ...(codeSigningConfigArn === undefined ? {} : Object.fromEntries(signed)),
    ...aliasExtensions(deployment),
    ...(kmsKeyArn === undefined ? {} : Object.assign({}, ...logGroups)),
    ...(hasApi && Object.keys(settings).length > 0
      ? { HttpApiStage: { Properties: { DefaultRouteSettings: { DetailedMetricsEnabled: false, ...settings } } } }
      : {}),
  }
}
