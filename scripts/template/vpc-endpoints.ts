// Endpoints through which functions in a VPC reach AWS services without a NAT: interface endpoints (billed by the hour)
// and gateway endpoints (free). Pure.
import { shortHash } from '../../lib/contracts/fit-name.ts'
import type { Json } from './cloudformation.ts'
import type { DeployOptions } from './options.ts'
import { TARGET_RIGHTS } from './target-rights.ts'

export const INTERFACE_ENDPOINTS = [
  ...endpointsOfTargets('interface'),
  'secretsmanager',
  'ssm',
  'kafka',
  'sts',
  'sns',
  'events',
  'glue',
]
export const GATEWAY_ENDPOINTS = endpointsOfTargets('gateway')
/**
 * The services whose endpoint names begin with `cn.` in China, e.g. `cn.com.amazonaws.cn-north-1.sqs`. AWS publishes
 * the list in CDK (`InterfaceVpcEndpointAwsService`, 2.276).
 */
const WITH_PREFIX_IN_CHINA = ['sqs', 'sts']

function endpointsOfTargets(type: 'interface' | 'gateway'): string[] {
  return Object.values(TARGET_RIGHTS).flatMap(({ endpoint }) => (endpoint?.type === type ? [endpoint.service] : []))
}

/** Services that can have an endpoint. */
export const VPC_SERVICES: readonly string[] = [...INTERFACE_ENDPOINTS, ...GATEWAY_ENDPOINTS]

type EndpointOptions = Pick<
  DeployOptions,
  | 'vpcEndpoints'
  | 'vpcId'
  | 'subnetIds'
  | 'securityGroupIds'
  | 'routeTableIds'
  | 'endpointSecurityGroupIds'
  | 'existingEndpointGroupIds'
>

/** The security group of the endpoints that the template creates. */
const GROUP_ID = 'EndpointSecurityGroup'
const GROUP = { 'Fn::GetAtt': [GROUP_ID, 'GroupId'] }

/** @returns one line per problem with the options */
export function endpointProblems({
  vpcEndpoints,
  vpcId,
  subnetIds,
  routeTableIds,
}: Pick<EndpointOptions, 'vpcEndpoints' | 'vpcId' | 'subnetIds' | 'routeTableIds'>): string[] {
  const problems: string[] = []
  if (vpcEndpoints.length > 0 && (vpcId === undefined || subnetIds.length === 0))
    problems.push('--param vpcEndpoints: expected vpcId, subnetIds and securityGroupIds too.')
  if (vpcEndpoints.some(service => GATEWAY_ENDPOINTS.includes(service)) && routeTableIds.length === 0)
    problems.push(
      `--param vpcEndpoints: ${GATEWAY_ENDPOINTS.join(' and ')} expect routeTableIds, the route tables of the subnets.`,
    )
  return problems
}

export function hasInterfaceEndpoints({ vpcEndpoints }: Pick<EndpointOptions, 'vpcEndpoints'>): boolean {
  return vpcEndpoints.some(service => INTERFACE_ENDPOINTS.includes(service))
}

function hasEndpointGroup(options: EndpointOptions): boolean {
  return hasInterfaceEndpoints(options) && options.endpointSecurityGroupIds.length === 0
}

/** Returns the CloudFormation resources of endpoints, and of the security groups of interface endpoints. */
export function vpcEndpoints(options: EndpointOptions, region: string): Json {
  return {
    ...(hasEndpointGroup(options) ? { [GROUP_ID]: endpointGroup(options) } : {}),
    ...Object.fromEntries(
      options.vpcEndpoints.map(service => [`${capitalized(service)}Endpoint`, endpoint(service, options, region)]),
    ),
    ...ingressOfExistingGroups(options),
  }
}

/** An output for other stages in the VPC, which name the group in `existingEndpointGroupIds`. */
export function endpointOutputs(options: EndpointOptions): Json {
  return hasEndpointGroup(options) ? { EndpointSecurityGroupId: { Value: GROUP } } : {}
}

function endpoint(service: string, options: EndpointOptions, region: string): Json {
  const { vpcId, subnetIds, routeTableIds, endpointSecurityGroupIds } = options
  const properties = GATEWAY_ENDPOINTS.includes(service)
    ? { VpcEndpointType: 'Gateway', RouteTableIds: routeTableIds }
    : {
        VpcEndpointType: 'Interface',
        PrivateDnsEnabled: true,
        SubnetIds: subnetIds,
        SecurityGroupIds: hasEndpointGroup(options) ? [GROUP] : endpointSecurityGroupIds,
      }
  const prefix = region.startsWith('cn-') && WITH_PREFIX_IN_CHINA.includes(service) ? 'cn.' : ''
  const ServiceName = { 'Fn::Sub': `${prefix}com.amazonaws.\${AWS::Region}.${service}` }
  return { Type: 'AWS::EC2::VPCEndpoint', Properties: { VpcId: vpcId, ServiceName, ...properties } }
}

/** A group of its own, because the functions' group usually allows no inbound traffic. */
function endpointGroup({ vpcId, securityGroupIds }: EndpointOptions): Json {
  return {
    Type: 'AWS::EC2::SecurityGroup',
    Properties: {
      GroupDescription: 'Interface endpoints of the functions',
      VpcId: vpcId,
      SecurityGroupIngress: securityGroupIds.map(httpsFrom),
      // An endpoint opens no connections. Without any rule, EC2 would add one that allows all outbound traffic.
      SecurityGroupEgress: [{ ...HTTPS, CidrIp: '127.0.0.1/32', Description: 'None' }],
    },
  }
}

/** Allows the functions to reach endpoints that the VPC has already. */
function ingressOfExistingGroups({ existingEndpointGroupIds, securityGroupIds }: EndpointOptions): Json {
  return Object.fromEntries(
    existingEndpointGroupIds.flatMap(GroupId =>
      securityGroupIds.map(source => [
        `EndpointIngress${shortHash(`${GroupId} ${source}`)}`,
        { Type: 'AWS::EC2::SecurityGroupIngress', Properties: { GroupId, ...httpsFrom(source) } },
      ]),
    ),
  )
}

const HTTPS = { IpProtocol: 'tcp', FromPort: 443, ToPort: 443 }

function httpsFrom(securityGroupId: string): Json {
  return { ...HTTPS, SourceSecurityGroupId: securityGroupId, Description: 'HTTPS from the functions' }
}

function capitalized(service: string): string {
  return `${service[0]?.toUpperCase()}${service.slice(1)}`
}
