// The permissions by which a function gets what it authenticates with.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOptions } from '../../scripts/template/options.ts'
import { kafkaStatements } from '../../scripts/template/roles.ts'

const statementsOf = (environment: Record<string, string>) => kafkaStatements(environment, ['chat'], readOptions([]))

test('tokens of AWS are allowed for the audience of the settings, and for no other', () => {
  assert.deepEqual(statementsOf({ KAFKA_SASL_OAUTHBEARER_AWS_AUDIENCE: 'https://kafka.example' }), [
    {
      Effect: 'Allow',
      Action: ['sts:GetWebIdentityToken'],
      Resource: '*',
      Condition: { 'ForAllValues:StringEquals': { 'sts:IdentityTokenAudience': 'https://kafka.example' } },
    },
  ])
  assert.deepEqual(statementsOf({}), [])
})
