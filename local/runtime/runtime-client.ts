// Does what Lambda's managed Node runtime does: imports the bundle, then next → handler → response, one invocation at a
// time.
import { pathToFileURL } from 'node:url'

const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`
type Handler = (event: unknown, context: object) => Promise<unknown>

function errorBody(error: unknown): string {
  const { name = 'Error', message = String(error), stack = '' } = error instanceof Error ? error : {}
  return JSON.stringify({ errorType: name, errorMessage: message, trace: stack.split('\n') })
}

async function post(path: string, body: string): Promise<void> {
  await fetch(`${api}${path}`, { method: 'POST', body })
}

async function loadHandler(): Promise<Handler> {
  const [module = '', name = ''] = (process.env._HANDLER ?? '').split('#')
  const loaded = (await import(pathToFileURL(module).href)) as Record<string, Handler>
  const handler = loaded[name]
  if (typeof handler !== 'function') throw new Error(`${module}: expected an exported function ${name}.`)
  return handler
}

let handler: Handler
try {
  handler = await loadHandler()
} catch (error) {
  await post('/init/error', errorBody(error))
  process.exit(1)
}
for (;;) {
  const next = await fetch(`${api}/invocation/next`)
  const requestId = next.headers.get('lambda-runtime-aws-request-id') ?? ''
  const deadline = Number(next.headers.get('lambda-runtime-deadline-ms'))
  const context = {
    awsRequestId: requestId,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    invokedFunctionArn: next.headers.get('lambda-runtime-invoked-function-arn'),
    callbackWaitsForEmptyEventLoop: false,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  }
  process.env._X_AMZN_TRACE_ID = next.headers.get('lambda-runtime-trace-id') ?? ''
  try {
    const result = await handler(await next.json(), context)
    await post(`/invocation/${requestId}/response`, JSON.stringify(result ?? null))
  } catch (error) {
    await post(`/invocation/${requestId}/error`, errorBody(error))
  }
}
