// Parameters that need one another.
import type { DeployOptions } from './options.ts'

const MAX_LAYERS = 5

/** @returns one line per problem with the options */
export function pairProblems({
  httpAuth,
  jwtIssuer,
  jwtAudience,
  authorizerArn,
  domainName,
  certificateArn,
  layers,
}: DeployOptions): string[] {
  const problems: string[] = []
  if (httpAuth === 'jwt' && (jwtIssuer === undefined || jwtAudience.length === 0))
    problems.push('--param httpAuth: expected jwtIssuer and jwtAudience too with jwt.')
  if (httpAuth === 'lambda' && authorizerArn === undefined)
    problems.push('--param httpAuth: expected authorizerArn too with lambda.')
  if ((domainName === undefined) !== (certificateArn === undefined))
    problems.push('--param domainName and certificateArn: expected both or neither.')
  if (layers.length > MAX_LAYERS) problems.push(`--param layers: expected at most ${MAX_LAYERS}, got ${layers.length}.`)
  return problems
}
