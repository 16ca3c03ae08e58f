// A bucket in which Lambda keeps records of asynchronous invocations that it stopped retrying (on-failure destination).
// Unlike a queue, it accepts a record of any size.
// docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
import { type LambdaFunction, parseLambdaFunction } from '../lambda-function.ts'
import { isBucketName } from './target.ts'

export interface FailureBucketConfig {
  readonly kind: 'failure-bucket'
  readonly bucket: string
  /** Only records of this function are read. */
  readonly lambda: LambdaFunction
}

export const failureBucket = {
  syntax: 'failure-bucket:<bucket>?function=<name or ARN>',
  /** @returns undefined if the text does not have the form of `syntax` */
  parse: (text: string): FailureBucketConfig | undefined => {
    const [bucket = '', lambdaText = ''] = text.split('?function=', 2)
    const lambda = parseLambdaFunction(lambdaText)
    return lambda && isBucketName(bucket) ? { kind: 'failure-bucket', bucket, lambda } : undefined
  },
}

/**
 * Returns the prefix of Lambda's keys, which have the form
 * `aws/lambda/async/<function>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<UUID>`.
 */
export function recordPrefix({ name }: LambdaFunction): string {
  return `aws/lambda/async/${name}/`
}

/** Returns the prefix of the redrive's own objects, which is never below Lambda's prefix. */
export function redrivePrefix({ name }: LambdaFunction): string {
  return `redrive/${name}/`
}
