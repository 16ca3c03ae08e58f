// Loaded before each test file of a mutation run, and in the processes that it starts: activates the mutant of
// MUTATION_MUTANT, or writes which mutants were reached into the folder MUTATION_COVERAGE.
import { ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'

const { MUTATION_MUTANT: mutant, MUTATION_HIT_LIMIT: hitLimit, MUTATION_COVERAGE: folder } = process.env
// The instrumented code reads this object. A mutant that runs more often than the limit is an endless loop.
globalThis.__stryker__ = mutant === undefined ? {} : { activeMutant: mutant, hitCount: 0, hitLimit: Number(hitLimit) }

if (folder !== undefined)
  process.on('exit', () => {
    const reached = globalThis.__stryker__.mutantCoverage?.static ?? {}
    writeFileSync(join(folder, `${process.pid}-${threadId}.json`), JSON.stringify(reached))
  })

// Tests give the processes that they start an environment of its own.
const ours = ['MUTATION_MUTANT', 'MUTATION_HIT_LIMIT', 'MUTATION_COVERAGE'].flatMap(name =>
  process.env[name] === undefined ? [] : [`${name}=${process.env[name]}`],
)
const { spawn } = ChildProcess.prototype
ChildProcess.prototype.spawn = function (options) {
  const pairs = options.envPairs ?? []
  const nodeOptions = pairs.find(pair => pair.startsWith('NODE_OPTIONS=')) ?? 'NODE_OPTIONS='
  const others = pairs.filter(pair => pair !== nodeOptions && !pair.startsWith('MUTATION_'))
  const envPairs = [...others, ...ours, `${nodeOptions} --import=${import.meta.url}`]
  return spawn.call(this, { ...options, envPairs })
}
