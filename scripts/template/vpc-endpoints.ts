// Endpoints through which functions in a VPC reach AWS services without a NAT: interface endpoints (billed by the hour)
// and gateway endpoints (free). Pure.

import type { Json } from './cloudformation.ts'
import { TARGET_RIGHTS } from './target-rights.ts'

const INTERFACE_ENDPOINTS = [
  ...endpointsOfTargets('interface'),
  'secretsmanager',
  'ssm',
  'kafka',
  'sts',
  'sns',
  'events',
]
export const GATEWAY_ENDPOINTS = endpointsOfTargets('gateway')

function endpointsOfTargets(type: 'interface' | 'gateway'): string[] {
  return Object.values(TARGET_RIGHTS).flatMap(({ endpoint }) => (endpoint?.type === type ? [endpoint.service] : []))
}

/** Services that can have an endpoint. */
export const VPC_SERVICES: readonly string[] = [...INTERFACE_ENDPOINTS, ...GATEWAY_ENDPOINTS]

export interface EndpointOptions {
  readonly vpcEndpoints: readonly string[]
  readonly vpcId: string | undefined
  readonly subnetIds: readonly string[]
  readonly securityGroupIds: readonly string[]
  readonly routeTableIds: readonly string[]
}

/** @returns one line per problem with the options */
export function endpointProblems({ vpcEndpoints, vpcId, subnetIds, routeTableIds }: EndpointOptions): string[] {
  const problems: string[] = []
  if (vpcEndpoints.length > 0 && (vpcId === undefined || subnetIds.length === 0))
    problems.push('--param vpcEndpoints: expected vpcId, subnetIds and securityGroupIds too.')
  if (vpcEndpoints.some(service => GATEWAY_ENDPOINTS.includes(service)) && routeTableIds.length === 0)
    problems.push(
      `--param vpcEndpoints: ${GATEWAY_ENDPOINTS.join(' and ')} expect routeTableIds, the route tables of the subnets.`,
    )
  return problems
}

export function vpcEndpoints({
  vpcEndpoints: services,
  vpcId,
  subnetIds,
  securityGroupIds,
  routeTableIds,
}: EndpointOptions): Json {
  return Object.fromEntries(
    services.map(service => {
      const common = { VpcId: vpcId, ServiceName: { 'Fn::Sub': `com.amazonaws.\${AWS::Region}.${service}` } }
      const typeProperties = GATEWAY_ENDPOINTS.includes(service)
        ? { VpcEndpointType: 'Gateway', RouteTableIds: routeTableIds }
        : {
            VpcEndpointType: 'Interface',
            PrivateDnsEnabled: true,
            SubnetIds: subnetIds,
            SecurityGroupIds: securityGroupIds,
          }
      return [
        `${service[0]?.toUpperCase()}${service.slice(1)}Endpoint`,
        { Type: 'AWS::EC2::VPCEndpoint', Properties: { ...common, ...typeProperties } },
      ]
    }),
  )
}
