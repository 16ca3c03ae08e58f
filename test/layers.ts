// Which test files a run of `npm test` has, layer by layer (test/README.md).

export const UNIT = ['test/*.test.ts', 'test/!(kafka|own-cluster|slow)/**/*.test.ts']
export const SHARED_CLUSTER = 'test/kafka/*.test.ts'
export const OWN_CLUSTER = 'test/own-cluster/*.test.ts'
/** Run by `.ci/run` only. */
export const SLOW = 'test/slow/*.test.ts'
