// Which test files a run of `npm test` has, layer by layer (test/README.md).

export const UNIT = ['test/*.test.ts', 'test/!(kafka|own-cluster|slow)/**/*.test.ts']
export const SHARED_CLUSTER = 'test/kafka/*.test.ts'
export const OWN_CLUSTER = 'test/own-cluster/*.test.ts'
/** Run by `.ci/run` only. */
export const SLOW = 'test/slow/*.test.ts'

/** Begin first in their layer, so that none of them runs alone at its end. */
export const LONGEST: readonly string[] = [
  'test/bin/dead-letters.test.ts',
  'test/kafka/command.test.ts',
  'test/kafka/redrive-function.test.ts',
  'test/kafka/redrive.test.ts',
  'test/local/requirements.test.ts',
  'test/own-cluster/faults.test.ts',
  'test/own-cluster/security.test.ts',
]
