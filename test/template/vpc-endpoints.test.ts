// Endpoints of the functions' VPC: their security group, and a second stage in the same VPC.
import assert from 'node:assert/strict'
import { test } from 'node:test'
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
