// The options of npm run package, deploy and remove: those of osls are passed on, wrong ones are explained in a line.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { readCommandLine } from '../../scripts/deployment/command-line.ts'
import { problemsOf } from '../support/problems-of.ts'

const refusal = (line: string) => problemsOf(() => readCommandLine(line.split(' '))).join('\n')

test('stage, region, parameters and folder are read; a later option overrides an earlier one', () => {
  const { command, stage, region, params, folder } = readCommandLine(
    'deploy --stage a --stage prod --region=us-east-1 --param x=1 --param y=a=b --package build/1'.split(' '),
  )
  assert.deepEqual(
    { command, stage, region, params, folder },
    { command: 'deploy', stage: 'prod', region: 'us-east-1', params: ['x=1', 'y=a=b'], folder: 'build/1' },
  )
  const defaults = readCommandLine(['package'])
  assert.deepEqual(
    [defaults.stage, defaults.region, defaults.params, defaults.folder],
    ['dev', undefined, [], undefined],
  )
})

test('options of osls go to its commands that have them, and to no other', () => {
  const line = readCommandLine('deploy --aws-profile ops --verbose --force --minify-template --stage prod'.split(' '))
  assert.deepEqual(line.oslsOptions('package'), ['--aws-profile', 'ops', '--verbose', '--minify-template'])
  assert.deepEqual(line.oslsOptions('deploy'), ['--aws-profile', 'ops', '--verbose', '--force'])
  assert.equal(line.profile, 'ops')
  const verification = readCommandLine('verify --account 1 --yes --aws-profile ops --verbose'.split(' '))
  for (const command of ['deploy', 'remove'] as const)
    assert.deepEqual(verification.oslsOptions(command), ['--aws-profile', 'ops', '--verbose'])
  const pinning = readCommandLine(['package', '--pin-schemas'])
  assert.deepEqual([line.pinsSchemas, pinning.pinsSchemas, pinning.oslsOptions('package')], [false, true, []])
  assert.deepEqual(readCommandLine('remove --yes --debug *'.split(' ')).oslsOptions('remove'), ['--debug', '*'])
})

test('a wrong option is explained: unknown, misspelled, of another command, without or with a value', () => {
  for (const [line, says] of [
    ['deploy --colour red', /^--colour: unknown; expected one of --stage, --region, .*--aws-s3-accelerate\.$/],
    ['deploy --aws-profle ops', /^--aws-profle: unknown; did you mean --aws-profile\?$/],
    ['package --force', /^--force: not an option of package, but of deploy\.$/],
    ['deploy --yes', /^--yes: not an option of deploy, but of remove and verify\.$/],
    ['deploy --stage', /^--stage: expected a value, got none\.$/],
    ['deploy --stage --verbose', /^--stage: expected a value, got --verbose\.$/],
    ['deploy --region=', /^--region: expected a value, got none\.$/],
    ['deploy --verbose=yes', /^--verbose: expected no value, got yes\.$/],
    ['deploy prod', /^npm run deploy: expected only options after --, got prod\.$/],
    ['destroy', /^destroy: expected package, deploy, remove, verify\.$/],
  ] as const)
    assert.match(refusal(line), says, line)
})

test('the command prints a line and no stack trace', () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/package.ts', 'deploy', '--aws-profle', 'ops'], {
    encoding: 'utf8',
  })
  assert.equal(status, 1)
  assert.match(stderr, /did you mean --aws-profile\?/)
  assert.doesNotMatch(stderr, /\n\s+at |ERR_/)
})
