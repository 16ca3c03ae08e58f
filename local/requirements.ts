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
    `${found}; the local Kafka needs Java 17 or newer. Install it (Debian: apt-get install openjdk-17-jre-headless), or set KAFKA_BOOTSTRAP_SERVERS to a cluster you have.`,
  )
}

export function requireMaven(): void {
  if (spawnSync('mvn', ['-v']).status === 0) return
  throw new RequirementError(
    'mvn was not found on the PATH; Apache Kafka is fetched with Maven on the first run. Install it (Debian: apt-get install maven), or set KAFKA_BOOTSTRAP_SERVERS to a cluster you have.',
  )
}

/** Ends a script with a sentence in place of a stack for what the user can mend. */
export function explain(error: unknown): never {
  console.error(error instanceof RequirementError ? error.message : error)
  process.exit(1)
}
