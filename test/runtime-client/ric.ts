// How a sandbox runs a built bundle under the real Lambda runtime client.
import { dirname, resolve } from 'node:path'

export const ric = (bundle: string) => ({
  command: process.execPath,
  args: [resolve('test/runtime-client/node_modules/aws-lambda-ric/index.mjs'), 'index.handler'],
  env: { LAMBDA_TASK_ROOT: resolve(dirname(bundle)), _HANDLER: 'index.handler' },
})
