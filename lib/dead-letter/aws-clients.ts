// Loads the AWS clients of targets on first use, so that an unused target costs nothing at a cold start.
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { S3Client } from '@aws-sdk/client-s3'
import type { SQSClient } from '@aws-sdk/client-sqs'
import { ifMissing } from '../optional-packages.ts'

const requestHandler = { connectionTimeout: 1000 }

export interface Sqs {
  readonly sqs: typeof import('@aws-sdk/client-sqs')
  readonly client: SQSClient
}

export interface S3 {
  readonly s3: typeof import('@aws-sdk/client-s3')
  readonly client: S3Client
}

export interface DynamoDb {
  readonly dynamodb: typeof import('@aws-sdk/client-dynamodb')
  readonly client: DynamoDBClient
}

/** Uses the region in the queue's host name; the environment may name another one. */
export async function loadSqs(queueUrl: string): Promise<Sqs> {
  const sqs = await import('@aws-sdk/client-sqs').catch(ifMissing('sqs'))
  const region = /\bsqs\.([a-z0-9-]+)\.amazonaws\./.exec(queueUrl)?.[1]
  return {
    sqs,
    client: new sqs.SQSClient({ ...(region ? { region } : {}), endpoint: new URL(queueUrl).origin, requestHandler }),
  }
}

export async function loadS3(): Promise<S3> {
  const s3 = await import('@aws-sdk/client-s3').catch(ifMissing('s3'))
  const local = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL
  return { s3, client: new s3.S3Client({ requestHandler, ...(local ? { forcePathStyle: true } : {}) }) }
}

export async function loadDynamoDb(user: 'dynamodb' | 'idStore' = 'dynamodb'): Promise<DynamoDb> {
  const dynamodb = await import('@aws-sdk/client-dynamodb').catch(ifMissing(user))
  return { dynamodb, client: new dynamodb.DynamoDBClient({ requestHandler }) }
}

/** Aborts a call to AWS after `ms`. */
export function abortAfter(ms: number): { readonly abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(Math.max(1, Math.ceil(ms))) }
}
