// --param: how values are read, what is refused, and that docs/deploy-reference.md has the same table.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { withParameters } from '../../scripts/parameters-docs.ts'
import { readOptions } from '../../scripts/template/options.ts'
import { wholeNumberPattern } from '../../scripts/template/parameters/whole-number-pattern.ts'
import { problemsOf } from '../support/problems-of.ts'

const refusal = (...params: string[]) => problemsOf(() => readOptions(params)).join('\n')

test('the table of docs/deploy-reference.md is up to date', () => {
  const document = readFileSync('docs/deploy-reference.md', 'utf8')
  assert.equal(withParameters(document), document)
})

test('a pattern of whole numbers matches the numbers of its range and no others', () => {
  fc.assert(
    fc.property(fc.nat(20_000), fc.nat(20_000), fc.array(fc.nat(30_000)), (a, b, others) => {
      const [min, max] = [Math.min(a, b), Math.max(a, b)]
      const pattern = new RegExp(`^(${wholeNumberPattern(min, max)})$`)
      for (const n of [min - 1, min, max, max + 1, ...others])
        assert.equal(pattern.test(String(n)), n >= min && n <= max, `${n} of ${min} to ${max}`)
      assert.ok(!pattern.test(`0${max}`) && !pattern.test(`${max}.0`))
    }),
  )
})

test('a misspelled parameter is refused with the one that was meant; any other unknown with the list', () => {
  assert.equal(refusal('outagesS=5'), '--param outagesS: unknown; did you mean outageS?')
  assert.match(refusal('colour=red'), /^--param colour: unknown; expected one of httpAuth, /)
})

test('a wrong value is refused with what was expected and what it got, all at once', () => {
  assert.equal(
    refusal('maximumConcurrency=5000', 'tags=team', 'kmsKeyArn'),
    [
      '--param maximumConcurrency: expected a whole number from 2 to 1000, got 5000.',
      '--param tags: expected name=value, separated by commas: at most 49 names, each once, ' +
        'none that begins with aws:, got team.',
      '--param kmsKeyArn: expected the ARN of a KMS key (…:key/…), got nothing.',
    ].join('\n'),
  )
})

test('a value may contain dots and equals signs; of a repeated name the last one counts', () => {
  const { tags, outageS } = readOptions(['tags=site=a.b=c', 'outageS=5', 'outageS=6'])
  assert.deepEqual([tags, outageS], [{ site: 'a.b=c' }, 6])
})

test('a parameter with one value for the deployment has none per function', () => {
  assert.equal(refusal('outageS.sqs=5'), '--param outageS.sqs: expected outageS alone; it has one value.')
})

test('a KMS key is named by its own ARN: IAM takes no alias', () => {
  const wrong = ['arn:aws:kms:eu-west-1:123456789012:alias/mine', 'arn:aws:kms:', 'arn:aws:kms:eu-west-1: oh dear']
  for (const name of ['kmsKeyArn', 'secretKeyArn', 'targetKeyArns', 'existingQueueKeyArns'])
    for (const arn of wrong)
      assert.match(refusal(`${name}=${arn}`), /expected (the ARN|ARNs) of (a )?KMS keys? \(…:key/)
  const key = 'arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/mrk-0123456789abcdef0123456789abcdef'
  assert.equal(readOptions([`kmsKeyArn=${key}`]).kmsKeyArn, key)
})

test('a schedule is one that EventBridge takes: the number decides between hour and hours, cron has six fields', () => {
  const right = ['rate(1 hour)', 'rate(2 hours)', 'rate(15 minutes)', 'rate(1 day)']
  const crons = ['0 10 * * ? *', '15 12 * * ? *', '0 18 ? * MON-FRI *', '0 8 1 * ? *', '0/10 * ? * MON-FRI *']
  const others = ['0/5 8-17 ? * MON-FRI *', '0,30 20-23,0-2 L 1/3 ? 2026-2030', '0 9 ? * 2#1 *', '0 9 3W JAN,JUL ? *']
  for (const schedule of [...right, ...[...crons, ...others].map(cron => `cron(${cron})`)])
    assert.equal(readOptions([`redriveSchedule=${schedule}`]).redriveSchedule, schedule)
  const wrongRates = ['hello', '0 hours', '1 hours', '2 hour', '1 second', '1  hour', '01 hour', '1.5 hours']
  const wrongCrons = ['* *', '0 * * * *', '0 * * * * * *', '0 10 * * * *', '0 10 ? * ? *', '60 * * * ? *']
  const wrongFields = ['0 0 32 * ? *', '0 0 * 13 ? *', '0 0 ? * 8 *', '0 0 * * ? 1969', '0 24 * * ? *']
  const wrong = [...wrongRates.map(rate => `rate(${rate})`), ...wrongCrons.concat(wrongFields).map(of => `cron(${of})`)]
  for (const schedule of [...wrong, ' rate(1 hour)', 'rate(1 hour) '])
    assert.match(refusal(`redriveSchedule=${schedule}`), /redriveSchedule: expected rate\(…\) or cron\(…\)/, schedule)
})

test('values that AWS would refuse, or with which an alarm could never fire, are refused', () => {
  const many = (count: number, item: (n: number) => string) =>
    Array.from({ length: count }, (_, n) => item(n)).join(',')
  const layer = 'arn:aws:lambda:eu-west-1:123456789012:layer:agent'
  const accessPoint = 'arn:aws:elasticfilesystem:eu-west-1:123456789012:access-point/fsap-'
  const cases: readonly (readonly [string[], RegExp])[] = [
    [['tags=aws:team=data'], /tags: expected name=value/],
    [['tags=AWS:team=data'], /tags: expected name=value/],
    [['tags=team=<data>'], /tags: expected name=value/],
    [['tags=team=data,team=web'], /tags: expected .*each once/],
    [[`tags=${many(50, n => `t${n}=v`)}`], /tags: expected .*at most 49/],
    [[`layers=${layer}:1,${layer}:2`], /layers: expected one version of each layer, got two of .*:agent\./],
    [[`subnetIds=${many(17, n => `subnet-${n}`)}`, 'securityGroupIds=sg-1'], /subnetIds: expected at most 16, got 17/],
    [['subnetIds=subnet-1', `securityGroupIds=${many(6, n => `sg-${n}`)}`], /securityGroupIds: .* at most 5, got 6/],
    [['alarmTopicArn=arn:aws:sns:'], /alarmTopicArn: expected the ARN/],
    [['alarmTopicArn=arn:aws:sns:eu-west-1:123456789012:two words'], /alarmTopicArn: expected the ARN/],
    [[`efsAccessPointArn=${accessPoint}1`], /efsAccessPointArn: expected the ARN/],
    [['alarmMessageAgeS=604800'], /alarmMessageAgeS: expected a whole number from 1 to 601200/],
    [['alarmDeadLetterAgeS=1209600'], /alarmDeadLetterAgeS: expected a whole number from 1 to 1206000/],
    [['alarmEventAgeS=21600'], /alarmEventAgeS: expected a whole number from 1 to 18000/],
    [['alarmSlowPercent=100'], /alarmSlowPercent: expected a whole number from 1 to 99/],
  ]
  for (const [params, says] of cases) assert.match(refusal(...params), says)
  const tags = many(49, n => `team ${n}/größe=a@b.c:${n}=+`)
  assert.equal(Object.keys(readOptions([`tags=${tags}`]).tags).length, 49)
})
