// Endpoints of the functions' VPC: their security group, and a second stage in the same VPC.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deploymentOf } from '../../scripts/template/deployment.ts'
import { readOptions } from '../../scripts/template/options.ts'
import { cloudFormationResources } from '../../scripts/template/resources.ts'
import { VPC_SERVICES } from '../../scripts/template/vpc-endpoints.ts'
import { contractsFedBy } from '../support/contracts.ts'
import { deployed } from '../support/deployed.ts'

const FEEDS = { orders: { http: true } }
const VPC = ['subnetIds=subnet-1,subnet-2', 'securityGroupIds=sg-1,sg-2']
const ENDPOINTS = [...VPC, 'vpcId=vpc-1']

const HTTPS = { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, Description: 'HTTPS from the functions' }

test('interface endpoints have a security group that lets the functions in on 443, and nothing out', () => {
  const { resources, ofType } = deployed(FEEDS, [...ENDPOINTS, 'vpcEndpoints=sqs,kafka,s3', 'routeTableIds=rtb-1'])
  const [group] = ofType('AWS::EC2::SecurityGroup')
  assert.equal(group.VpcId, 'vpc-1')
  assert.deepEqual(
    group.SecurityGroupIngress,
    ['sg-1', 'sg-2'].map(SourceSecurityGroupId => ({ ...HTTPS, SourceSecurityGroupId })),
  )
  assert.deepEqual(
    group.SecurityGroupEgress.map(({ CidrIp }: { CidrIp: string }) => CidrIp),
    ['127.0.0.1/32'],
  )
  for (const id of ['SqsEndpoint', 'KafkaEndpoint'])
    assert.deepEqual(resources[id]?.Properties.SecurityGroupIds, [
      { 'Fn::GetAtt': ['EndpointSecurityGroup', 'GroupId'] },
    ])
  assert.equal(resources.S3Endpoint?.Properties.SecurityGroupIds, undefined)
})

test('gateway endpoints alone have no security group; your own group takes the place of the stack’s', () => {
  const groupsOf = (params: readonly string[]) => {
    const { resources, ofType } = deployed(FEEDS, [...ENDPOINTS, ...params])
    return [ofType('AWS::EC2::SecurityGroup').length, resources.SqsEndpoint?.Properties.SecurityGroupIds]
  }
  assert.deepEqual(groupsOf(['vpcEndpoints=s3', 'routeTableIds=rtb-1']), [0, undefined])
  assert.deepEqual(groupsOf(['vpcEndpoints=sqs', 'endpointSecurityGroupIds=sg-8,sg-9']), [0, ['sg-8', 'sg-9']])
})

test('a second stage in the VPC creates no endpoint; the groups of those that are there let its functions in', () => {
  const { resources, ofType } = deployed(FEEDS, [...VPC, 'existingEndpointGroupIds=sg-8'])
  assert.deepEqual(
    ofType('AWS::EC2::SecurityGroupIngress'),
    ['sg-1', 'sg-2'].map(SourceSecurityGroupId => ({ GroupId: 'sg-8', ...HTTPS, SourceSecurityGroupId })),
  )
  assert.deepEqual([ofType('AWS::EC2::VPCEndpoint'), ofType('AWS::EC2::SecurityGroup')], [[], []])
  const ids = Object.keys(resources).filter(id => id.startsWith('EndpointIngress'))
  const more = deployed(FEEDS, [...VPC, 'existingEndpointGroupIds=sg-7,sg-8']).resources
  assert.ok(ids.length === 2 && ids.every(id => id in more), 'ids follow from the groups alone')
})

test('in China the endpoints of SQS and STS have names that begin with cn., those of the others do not', () => {
  const options = readOptions([...ENDPOINTS, 'routeTableIds=rtb-1', `vpcEndpoints=${VPC_SERVICES.join(',')}`])
  const prefixesIn = (region: string) => {
    const env = { KAFKA_BOOTSTRAP_SERVERS: 'a:9092,b:9092' }
    const deployment = deploymentOf(contractsFedBy(FEEDS), env, options, { stage: 'dev', region })
    return Object.values(cloudFormationResources(deployment) as Record<string, Endpoint>)
      .filter(({ Type }) => Type === 'AWS::EC2::VPCEndpoint')
      .map(({ Properties }) => Properties.ServiceName['Fn::Sub'])
      .filter(name => name.startsWith('cn.'))
  }
  assert.deepEqual(prefixesIn('eu-west-1'), [])
  for (const region of ['cn-north-1', 'cn-northwest-1'])
    assert.deepEqual(prefixesIn(region), ['cn.com.amazonaws.${AWS::Region}.sqs', 'cn.com.amazonaws.${AWS::Region}.sts'])
})

interface Endpoint {
  readonly Type: string
  readonly Properties: { readonly ServiceName: { readonly 'Fn::Sub': string } }
}

test('no ARN of the template has a partition of its own', () => {
  const { functions, resources } = deployed(
    { orders: { http: true, sqs: [{ queue: 'a' }], eventbridge: [{ source: ['shop'] }] } },
    [...VPC, 'redriveSchedule=rate(1 hour)', 'tracing=active'],
    { KAFKA_DEAD_LETTER: 's3:bucket,dynamodb:table' },
  )
  assert.doesNotMatch(JSON.stringify([functions, resources]), /arn:aws/)
})
