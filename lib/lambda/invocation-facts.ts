// What an invocation knows about itself, apart from its event.
import { randomUUID } from 'node:crypto'
import type { Context } from 'aws-lambda'

/** What Lambda's runtime keeps per invocation (see the package @aws/lambda-invoke-store). */
interface InvokeStore {
  getXRayTraceId(): string | undefined
}

/**
 * Returns the trace header of this invocation: `Root=1-…;Parent=…;Sampled=1`. With several invocations in one process
 * (Lambda Managed Instances) each has its own, and the environment variable belongs to none of them.
 */
export function invocationTrace(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const { awslambda } = globalThis as { awslambda?: { InvokeStore?: InvokeStore } }
  const trace = awslambda?.InvokeStore?.getXRayTraceId()
  return trace ?? (env.AWS_LAMBDA_MAX_CONCURRENCY ? undefined : env._X_AMZN_TRACE_ID)
}

/** Returns Lambda's request id, or a new id if a test calls the function without a context. */
export function invocationId({ awsRequestId }: Partial<Context>): string {
  return awsRequestId ?? randomUUID()
}

/** Returns the remaining time, ms. For a context that does not know it, as in a unit test, returns `otherwise`. */
export function remainingMs(context: Partial<Context>, otherwise: number): number {
  return context.getRemainingTimeInMillis?.() ?? otherwise
}
