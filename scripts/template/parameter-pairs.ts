// Checks parameters that need each other, and the length of lists that AWS limits.
import type { DeployOptions } from './options.ts'

const MAX_LAYERS = 5
/** docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html */
const MAX_SUBNETS = 16
const MAX_GROUPS = 5

/** @returns one line per problem with the options */
export function pairProblems({
  httpAuth,
  jwtIssuer,
  jwtAudience,
  authorizerArn,
  domainName,
  certificateArn,
  layers,
  subnetIds,
  securityGroupIds,
}: DeployOptions): string[] {
  const problems: string[] = []
  if (httpAuth === 'jwt' && (jwtIssuer === undefined || jwtAudience.length === 0))
    problems.push('--param httpAuth: expected jwtIssuer and jwtAudience too with jwt.')
  if (httpAuth === 'lambda' && authorizerArn === undefined)
    problems.push('--param httpAuth: expected authorizerArn too with lambda.')
  if ((domainName === undefined) !== (certificateArn === undefined))
    problems.push('--param domainName and certificateArn: expected both or neither.')
  problems.push(
    ...lengthProblems('layers', layers, MAX_LAYERS),
    ...lengthProblems('subnetIds', subnetIds, MAX_SUBNETS),
    ...lengthProblems('securityGroupIds', securityGroupIds, MAX_GROUPS),
  )
  const names = layers.map(arn => arn.replace(/:\d+$/, ''))
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) problems.push(`--param layers: expected one version of each layer, got two of ${twice}.`)
  return problems
}

function lengthProblems(name: string, items: readonly string[], max: number): string[] {
  return items.length > max ? [`--param ${name}: expected at most ${max}, got ${items.length}.`] : []
}
