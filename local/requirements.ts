// Checks what the local stack needs on this machine. Each error says what to install.
import { spawnSync } from 'node:child_process'

const JDK = 'openjdk-17-jdk-headless'

export class RequirementError extends Error {
  override name = 'RequirementError'
}

export function requireJava(): void {
  const { stderr, status } = spawnSync('java', ['-version'], { encoding: 'utf8' })
  // Java 8 calls itself 1.8.0.
  const major = Number(/version "(?:1\.)?(\d+)/.exec(stderr ?? '')?.[1] ?? 0)
  if (status === 0 && major >= 17) return
  const problem = status === 0 ? `Java ${major} is installed` : 'java was not found on the PATH'
  throw new RequirementError(
    `${problem}; the local Kafka and SQS need Java 17 or newer. Install it (Debian: apt-get install ${JDK}).`,
  )
}

/** Checks for a JDK, because the tests compile a plugin for the broker. */
export function requireJdk(): void {
  requireJava()
  if (spawnSync('javac', ['-version']).status === 0) return
  throw new RequirementError(
    `javac was not found on the PATH; the tests need a JDK. Install it (Debian: apt-get install ${JDK}).`,
  )
}

export function requireMaven(): void {
  if (spawnSync('mvn', ['-v']).status === 0) return
  throw new RequirementError(
    'mvn was not found on the PATH; the first run downloads Kafka with it. Install it (Debian: apt-get install maven).',
  )
}

/** Ends a script: prints only the message of an error that the user can fix, other errors with their stack. */
export function explain(error: unknown): never {
  console.error(error instanceof Error && isFixedByUser(error) ? error.message : error)
  process.exit(1)
}

/** Wrong options are errors of Node's parseArgs. */
function isFixedByUser(error: Error): boolean {
  return error instanceof RequirementError || String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS')
}
