// What the local stack needs of the machine, each with a sentence that says what to do.
import { spawnSync } from 'node:child_process'

export class RequirementError extends Error {
  override name = 'RequirementError'
}

export function requireJava(): void {
  const { stderr, status } = spawnSync('java', ['-version'], { encoding: 'utf8' })
  const major = Number(/version "(\d+)/.exec(stderr ?? '')?.[1] ?? 0)
  if (status === 0 && major >= 17) return
  const found = status === 0 ? `Java ${major} is installed` : 'java was not found on the PATH'
  throw new RequirementError(
    `${found}; the local Kafka and SQS need Java 17 or newer. Install it (Debian: apt-get install openjdk-17-jdk-headless).`,
  )
}

/** Tests compile a broker's plug-in. */
export function requireJdk(): void {
  requireJava()
  if (spawnSync('javac', ['-version']).status === 0) return
  throw new RequirementError(
    'javac was not found on the PATH; the tests need a JDK, not only a JRE. Install it (Debian: apt-get install openjdk-17-jdk-headless).',
  )
}

export function requireMaven(): void {
  if (spawnSync('mvn', ['-v']).status === 0) return
  throw new RequirementError(
    'mvn was not found on the PATH; Apache Kafka and ElasticMQ are fetched with Maven on the first run. Install it (Debian: apt-get install maven).',
  )
}

/** Ends a script with a sentence in place of a stack for what the user can mend. */
export function explain(error: unknown): never {
  console.error(error instanceof RequirementError ? error.message : error)
  process.exit(1)
}
