// Parameters that need one another.
import type { DeployOptions } from './options.ts'

const MAX_LAYERS = 5

/** @returns one line per problem with the options */
export function pairProblems(options: DeployOptions): string[] {
  const { httpAuth, jwtIssuer, jwtAudience, jwtScopes, domainName, certificateArn, layers } = options
  const problems: string[] = []
  if (httpAuth === 'jwt' && (jwtIssuer === undefined || jwtAudience.length === 0))
    problems.push('--param httpAuth: expected jwtIssuer and jwtAudience too with jwt.')
  if (httpAuth !== 'jwt' && (jwtIssuer !== undefined || jwtAudience.length > 0 || jwtScopes.length > 0))
    problems.push(`--param jwtIssuer, jwtAudience and jwtScopes: expected httpAuth=jwt, got ${httpAuth}.`)
  if ((domainName === undefined) !== (certificateArn === undefined))
    problems.push('--param domainName and certificateArn: expected both or neither.')
  if (layers.length > MAX_LAYERS) problems.push(`--param layers: expected at most ${MAX_LAYERS}, got ${layers.length}.`)
  if (options.execWrapper !== undefined && layers.length === 0)
    problems.push('--param execWrapper: expected layers too, one of which has the program.')
  if (options.systemLogLevel !== undefined && options.logFormat !== 'JSON')
    problems.push('--param systemLogLevel: expected logFormat=JSON too.')
  return problems
}
