// The built bundle under the real Lambda runtime client (aws-lambda-ric) and our Runtime API server: init, warm re-use,
// answer, and the end of the process. Run by .ci/run after `npm ci` in this folder, since its install compiles native code.
import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { Sandbox } from '../../local/runtime/sandbox.ts'
import { ScriptedBrokers } from '../fakes/scripted-brokers.ts'

test('the bundle starts under the real runtime client, answers, and stays warm', async () => {
  const cluster = await ScriptedBrokers.start({ topic: 'chat', leaders: [0, 1, 0] })
  const output: string[] = []
  const sandbox = await Sandbox.start({
    name: 'http',
    command: process.execPath,
    args: [resolve('test/runtime-client/node_modules/aws-lambda-ric/index.mjs'), 'index.handler'],
    env: {
      PATH: process.env.PATH ?? '',
      LAMBDA_TASK_ROOT: resolve('dist/functions/http'),
      _HANDLER: 'index.handler',
      KAFKA_BOOTSTRAP_SERVERS: cluster.addresses.join(','),
      KAFKA_DEAD_LETTER: 'none',
      KAFKA_ON_FAILURE_HTTP: 'return',
    },
    timeoutMs: 29_000,
    onOutput: line => void output.push(line),
  })
  const event = (text: string) => ({
    version: '2.0',
    routeKey: 'POST /topics/{topic}',
    rawPath: '/topics/chat',
    headers: { 'content-type': 'application/json' },
    requestContext: { requestId: text, timeEpoch: Date.now(), stage: '$default', http: { method: 'POST', path: '/topics/chat' } },
    body: JSON.stringify({ value: { room: 'lobby', user: 'ada', text } }),
  })
  try {
    for (let n = 0; n < 50; n++) {
      const result = (await sandbox.invoke(event(`m${n}`)).catch(error => assert.fail(`${error.message}\n${output.join('\n')}`))) as { statusCode: number }
      assert.equal(result.statusCode, 200, output.join('\n'))
    }
    assert.equal(cluster.values().length, 50)
    assert.ok(cluster.connections <= 2, `${cluster.connections} connections for 50 invocations`)
  } finally {
    await sandbox.stop()
    await cluster.stop()
  }
})
