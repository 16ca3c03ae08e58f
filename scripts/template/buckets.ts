// The CloudFormation resources of a bucket that is encrypted, not public, and reachable only with TLS.
import { arnOf, type Json, policyDocument, RETAINED } from './cloudformation.ts'
import type { BucketResource } from './deployment-model.ts'
import type { DeployOptions } from './options.ts'

const UPLOAD_DAYS = 7

export function bucketResources(
  { id, versionsDays }: BucketResource,
  { kmsKeyArn }: DeployOptions,
): [id: string, resource: Json][] {
  const encryption =
    kmsKeyArn === undefined
      ? { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }
      : {
          ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: kmsKeyArn },
          BucketKeyEnabled: true,
        }
  // Objects stay until they are redriven. A deleted object is kept as an old version for a while.
  const lifecycle = {
    Id: 'versions',
    Status: 'Enabled',
    NoncurrentVersionExpiration: { NoncurrentDays: versionsDays },
    ExpiredObjectDeleteMarker: true,
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: UPLOAD_DAYS },
  }
  const bucket = {
    Type: 'AWS::S3::Bucket',
    ...RETAINED,
    Properties: {
      BucketEncryption: { ServerSideEncryptionConfiguration: [encryption] },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      VersioningConfiguration: { Status: 'Enabled' },
      LifecycleConfiguration: { Rules: [lifecycle] },
    },
  }
  const statement = {
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:*',
    Resource: [arnOf(id), { 'Fn::Sub': `\${${id}.Arn}/*` }],
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  }
  const policy = {
    Type: 'AWS::S3::BucketPolicy',
    // A bucket that is retained keeps its policy.
    ...RETAINED,
    Properties: { Bucket: { Ref: id }, PolicyDocument: policyDocument([statement]) },
  }
  return [
    [id, bucket],
    [`${id}Policy`, policy],
  ]
}
