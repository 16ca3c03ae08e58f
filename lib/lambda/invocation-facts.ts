// What an invocation says about itself, beside its event.
import { randomUUID } from 'node:crypto'
import type { Context } from 'aws-lambda'

/** What Lambda's runtime keeps per invocation (the package @aws/lambda-invoke-store describes it). */
interface InvokeStore {
  getXRayTraceId(): string | undefined
}

/**
 * Returns the trace header of this invocation: `Root=1-…;Parent=…;Sampled=1`. With several invocations in one process
 * (Lambda Managed Instances) each has its own, and the environment variable is nobody's.
 */
export function invocationTrace(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const { awslambda } = globalThis as { awslambda?: { InvokeStore?: InvokeStore } }
  const trace = awslambda?.InvokeStore?.getXRayTraceId()
  return trace ?? (env.AWS_LAMBDA_MAX_CONCURRENCY ? undefined : env._X_AMZN_TRACE_ID)
}

/** Lambda's request id; a new id where a test calls the function without a context. */
export function invocationId({ awsRequestId }: Partial<Context>): string {
  return awsRequestId ?? randomUUID()
}

/** Returns the time that is left, ms. A context without a clock, as in a unit test, has as much as `otherwise`. */
export function remainingMs(context: Partial<Context>, otherwise: number): number {
  return context.getRemainingTimeInMillis?.() ?? otherwise
}
