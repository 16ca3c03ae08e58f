import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isArnOf, parseLambdaFunction } from '../../lib/dead-letter/lambda-function.ts'
import { failureBucket, recordPrefix, redrivePrefix } from '../../lib/dead-letter/s3/failure-bucket.ts'

const ARN = 'arn:aws:lambda:eu-west-1:123456789012:function:app-http'

test('a function is named by its name, or by its ARN without a version', () => {
  assert.deepEqual(parseLambdaFunction('app_http-1'), { name: 'app_http-1' })
  assert.deepEqual(parseLambdaFunction('x'.repeat(64)), { name: 'x'.repeat(64) })
  assert.deepEqual(parseLambdaFunction(ARN), { name: 'app-http', arn: ARN })
  const china = ARN.replace('aws', 'aws-cn')
  assert.deepEqual(parseLambdaFunction(china), { name: 'app-http', arn: china })
  for (const other of [
    '',
    'x'.repeat(65),
    'a b',
    'app-http ',
    `${ARN}:1`,
    `${ARN}:$LATEST`,
    ` ${ARN}`,
    `${ARN}\n`,
    ARN.replace('123456789012', '12345678901'),
    ARN.replace('lambda', 'sqs'),
    ARN.replace('eu-west-1', ''),
    ARN.replace('function', 'layer'),
    ARN.replace('app-http', 'x'.repeat(65)),
  ])
    assert.equal(parseLambdaFunction(other), undefined, other)
})

test('an ARN with any version belongs to the function, and no other name, account or region does', () => {
  const [named, exact] = [{ name: 'app-http' }, { name: 'app-http', arn: ARN }]
  for (const arn of [ARN, `${ARN}:7`, `${ARN}:$LATEST`, `${ARN}:live`])
    assert.deepEqual([isArnOf(arn, named), isArnOf(arn, exact)], [true, true], arn)
  for (const arn of [ARN.replace('eu-west-1', 'eu-west-2'), ARN.replace('123456789012', '999999999999')])
    assert.deepEqual([isArnOf(arn, named), isArnOf(arn, exact)], [true, false], arn)
  for (const arn of [`${ARN}s`, `${ARN}:7:8`, `${ARN}:`, `x${ARN}`, 'app-http', '', undefined, null, 7, [ARN]])
    assert.deepEqual([isArnOf(arn, named), isArnOf(arn, exact)], [false, false], String(arn))
})

test('a failure bucket is read for one function; what a redrive keeps lies outside of Lambda’s keys', () => {
  assert.deepEqual(failureBucket.parse(`failures?function=${ARN}`), {
    kind: 'failure-bucket',
    bucket: 'failures',
    lambda: { name: 'app-http', arn: ARN },
  })
  for (const text of ['failures', 'failures?function=', 'Failures?function=f', '?function=f', 'failures?name=f'])
    assert.equal(failureBucket.parse(text), undefined, text)
  assert.equal(recordPrefix({ name: 'f' }), 'aws/lambda/async/f/')
  assert.equal(redrivePrefix({ name: 'f' }), 'redrive/f/')
})
