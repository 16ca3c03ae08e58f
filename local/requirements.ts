// What the local stack needs of the machine, each with a sentence that says what to do.
import { spawnSync } from 'node:child_process'

export class RequirementError extends Error {
  override name = 'RequirementError'
}

export function requireNode(): void {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 15)) return
  throw new RequirementError(
    `Node ${process.versions.node} runs this script; 22.15 or newer is needed. Run it with npm (npm start), which uses the "node" package of devDependencies; if that package is missing, install without --ignore-scripts.`,
  )
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
