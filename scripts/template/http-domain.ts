// A domain of your own for the HTTP API (--param domainName).
import { ConfigError } from '../../lib/errors.ts'
import type { Json } from './cloudformation.ts'
import type { Deployment } from './deployment-model.ts'
import type { DeployOptions } from './options.ts'

/** @throws ConfigError without an HTTP API */
export function httpDomain({ routes, options: { domainName, certificateArn } }: Deployment): Json {
  if (domainName === undefined) return {}
  if (routes.length === 0)
    throw new ConfigError([
      '--param domainName: expected a contract that takes HTTP, as there is no HTTP API; got none.',
    ])
  const configuration = { CertificateArn: certificateArn, EndpointType: 'REGIONAL', SecurityPolicy: 'TLS_1_2' }
  return {
    HttpDomain: {
      Type: 'AWS::ApiGatewayV2::DomainName',
      Properties: { DomainName: domainName, DomainNameConfigurations: [configuration] },
    },
    // The API and its stage have the ids of osls.
    HttpDomainMapping: {
      Type: 'AWS::ApiGatewayV2::ApiMapping',
      Properties: { ApiId: { Ref: 'HttpApi' }, DomainName: { Ref: 'HttpDomain' }, Stage: { Ref: 'HttpApiStage' } },
    },
  }
}

/** What the DNS record of the domain must name. */
export function httpDomainOutputs({ domainName }: DeployOptions): Json {
  if (domainName === undefined) return {}
  return { HttpDomainTarget: { Value: { 'Fn::GetAtt': ['HttpDomain', 'RegionalDomainName'] } } }
}
