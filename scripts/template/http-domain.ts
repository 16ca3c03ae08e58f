// A custom domain for the HTTP API (--param domainName).
import type { Json } from './cloudformation.ts'
import type { DeployOptions } from './options.ts'

export function httpDomain({ domainName, certificateArn }: DeployOptions): Json {
  if (domainName === undefined) return {}
  const configuration = { CertificateArn: certificateArn, EndpointType: 'REGIONAL', SecurityPolicy: 'TLS_1_2' }
  return {
    HttpDomain: {
      Type: 'AWS::ApiGatewayV2::DomainName',
      Properties: { DomainName: domainName, DomainNameConfigurations: [configuration] },
    },
    // These are the logical ids that osls gives to the API and its stage.
    HttpDomainMapping: {
      Type: 'AWS::ApiGatewayV2::ApiMapping',
      Properties: { ApiId: { Ref: 'HttpApi' }, DomainName: { Ref: 'HttpDomain' }, Stage: { Ref: 'HttpApiStage' } },
    },
  }
}

/** The output with the name to which the DNS record of the domain must point. */
export function httpDomainOutputs({ domainName }: DeployOptions): Json {
  if (domainName === undefined) return {}
  return { HttpDomainTarget: { Value: { 'Fn::GetAtt': ['HttpDomain', 'RegionalDomainName'] } } }
}
