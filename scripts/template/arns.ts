// Checks that the ARNs in settings are complete, because IAM compares them character by character.
import type { Deployment } from './deployment-model.ts'

/** The UUID has a number at its end, in which MSK Serverless has an `s` in front. */
const CLUSTER = /^arn:[\w-]+:kafka:[\w-]+:\d{12}:cluster\/[\w-]+\/[0-9a-f]+(-[0-9a-f]+){4}-\w+$/
/** Secrets Manager appends a hyphen and six letters or digits to the name. */
const SECRET = /^arn:[\w-]+:secretsmanager:[\w-]+:\d{12}:secret:.+-[A-Za-z0-9]{6}$/
const PARAMETER = /^arn:[\w-]+:ssm:[\w-]+:\d{12}:parameter\/.+$/

export function arnProblems({ environment }: Deployment): string[] {
  const { KAFKA_MSK_CLUSTER_ARN: cluster, KAFKA_SECRET_ARN: secret } = environment
  const problems: string[] = []
  if (typeof cluster === 'string' && !CLUSTER.test(cluster))
    problems.push(
      `KAFKA_MSK_CLUSTER_ARN: expected arn:aws:kafka:<region>:<account>:cluster/<name>/<uuid>, ` +
        `as MSK shows it; got ${cluster}.`,
    )
  if (typeof secret === 'string' && !SECRET.test(secret) && !PARAMETER.test(secret))
    problems.push(
      `KAFKA_SECRET_ARN: expected the whole ARN of a secret with the six characters at its end, ` +
        `or of a parameter; got ${secret}.`,
    )
  return problems
}
