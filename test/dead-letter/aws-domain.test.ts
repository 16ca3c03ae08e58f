// The domain of AWS services in the partitions of AWS.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { awsDomain } from '../../lib/dead-letter/aws-domain.ts'
import { stsOf } from '../../lib/dead-letter/store-kinds.ts'

test('China and the European Sovereign Cloud have domains of their own', () => {
  const domains = ['eu-west-1', 'us-gov-east-1', 'cn-northwest-1', 'eusc-de-east-1'].map(awsDomain)
  assert.deepEqual(domains, ['amazonaws.com', 'amazonaws.com', 'amazonaws.com.cn', 'amazonaws.eu'])
})

test('the doctor compares the clock with a service of the region’s own partition', () => {
  assert.deepEqual(['us-east-1', 'cn-north-1'].map(stsOf), [
    'https://sts.us-east-1.amazonaws.com',
    'https://sts.cn-north-1.amazonaws.com.cn',
  ])
})
