// Identifies the Lambda function of a failed invocation.

export interface LambdaFunction {
  readonly name: string
  /** The ARN without a version or alias. Undefined for a function of this name in any account and region. */
  readonly arn?: string
}

const NAME = /^[\w-]{1,64}$/
const ARN = /^(arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:([\w-]{1,64}))(?::[\w$-]+)?$/

/** @returns undefined for text that is neither a name nor an unqualified ARN */
export function parseLambdaFunction(text: string): LambdaFunction | undefined {
  if (NAME.test(text)) return { name: text }
  const [, arn, name] = ARN.exec(text) ?? []
  return name !== undefined && arn === text ? { name, arn } : undefined
}

/** Whether an ARN, qualified (`…:function:name:$LATEST`) or not, belongs to the function. */
export function isArnOf(arn: unknown, lambda: LambdaFunction): boolean {
  const [, unqualified, name] = (typeof arn === 'string' && ARN.exec(arn)) || []
  return name === lambda.name && (lambda.arn === undefined || unqualified === lambda.arn)
}
