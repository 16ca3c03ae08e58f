// Downloads the programs of the local stack from Maven Central, once, into the user's cache folder.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { RequirementError, requireMaven } from './requirements.ts'

interface Program {
  readonly title: string
  readonly folder: string
  readonly version: string
  readonly group: string
  readonly artifacts: readonly string[]
  readonly megabytes: number
  /**
   * The classifier of an archive (tar.gz) that contains its libraries. Default: jars, with the jars that they depend
   * on.
   */
  readonly classifier?: string
}

/** The version of the local stack: the newest on Maven Central that runs on Java 17. */
export const KAFKA_VERSION = '4.4.0'
const KAFKA: Program = {
  title: 'Apache Kafka',
  folder: 'kafka',
  version: KAFKA_VERSION,
  group: 'org.apache.kafka',
  artifacts: ['kafka_2.13', 'kafka-tools'],
  megabytes: 130,
}
const ELASTICMQ: Program = {
  title: 'ElasticMQ',
  folder: 'elasticmq',
  version: '1.7.1',
  group: 'org.elasticmq',
  artifacts: ['elasticmq-server_3'],
  megabytes: 43,
}
/** A registry with Confluent's API. Its version 3 can't keep its data in memory. */
const APICURIO: Program = {
  title: 'Apicurio Registry',
  folder: 'apicurio',
  version: '2.6.13.Final',
  group: 'io.apicurio',
  artifacts: ['apicurio-registry-app'],
  megabytes: 142,
  classifier: 'all',
}
/** A database for Java, in which the consumer of docs/consuming.md stores ids when a test runs it. */
const H2: Program = {
  title: 'H2',
  folder: 'h2',
  version: '2.4.240',
  group: 'com.h2database',
  artifacts: ['h2'],
  megabytes: 3,
}
/** AWS's serializer and deserializer for Java, with which a test reads what this library writes. */
const GLUE_SERDE: Program = {
  title: 'the serializers of the AWS Glue Schema Registry',
  folder: 'glue-serde',
  version: '1.1.27',
  group: 'software.amazon.glue',
  artifacts: ['schema-registry-serde'],
  megabytes: 65,
}

/**
 * Downloads Kafka, unless it is in the cache.
 * @param version of Apache Kafka; default: the version of the local stack
 * @returns the folder of Kafka's jars
 */
export function kafkaJars(log: (line: string) => void, version = KAFKA_VERSION): Promise<string> {
  return jarsOf({ ...KAFKA, version }, log)
}

/** @returns the folder of ElasticMQ's jars */
export function elasticMqJars(log: (line: string) => void): Promise<string> {
  return jarsOf(ELASTICMQ, log)
}

/** @returns the folder of Apicurio's runner, with its libraries in a folder below it */
export function apicurioFolder(log: (line: string) => void): Promise<string> {
  return jarsOf(APICURIO, log)
}

/** @returns the folder of H2's jar */
export function h2Jars(log: (line: string) => void): Promise<string> {
  return jarsOf(H2, log)
}

/** @returns the folder of the jars of AWS's serializers */
export function glueSerdeJars(log: (line: string) => void): Promise<string> {
  return jarsOf(GLUE_SERDE, log)
}

async function jarsOf(program: Program, log: (line: string) => void): Promise<string> {
  const { title, version, group, artifacts, megabytes, classifier } = program
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  const folder = join(cache, 'serverless-kafka-producer', `${program.folder}-${version}`)
  if (existsSync(folder)) return folder
  requireMaven()
  log(`Downloading ${title} ${version} with Maven (about ${megabytes} MB, once) …`)
  const unfinished = `${folder}.${process.pid}`
  mkdirSync(unfinished, { recursive: true })
  const dependencies = artifacts.map(
    id =>
      `<dependency><groupId>${group}</groupId><artifactId>${id}</artifactId><version>${version}</version>` +
      `${classifier === undefined ? '' : archiveOf(classifier)}</dependency>`,
  )
  const pom = [
    '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>',
    `<groupId>local</groupId><artifactId>${program.folder}</artifactId><version>1</version><packaging>pom</packaging>`,
    `<dependencies>${dependencies.join('')}</dependencies></project>`,
  ]
  writeFileSync(join(unfinished, 'pom.xml'), pom.join(''))
  try {
    await runMaven(unfinished, `${title} ${version}`, log)
    if (classifier !== undefined)
      for (const name of readdirSync(unfinished).filter(file => file.endsWith('.tar.gz'))) {
        execFileSync('tar', ['-xzf', name], { cwd: unfinished })
        rmSync(join(unfinished, name))
      }
    if (!existsSync(folder)) renameSync(unfinished, folder)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return folder
}

function archiveOf(classifier: string): string {
  const none = '<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>'
  return `<type>tar.gz</type><classifier>${classifier}</classifier>${none}`
}

function runMaven(folder: string, program: string, log: (line: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const maven = spawn(
      'mvn',
      [
        '-B',
        '-f',
        join(folder, 'pom.xml'),
        'dependency:copy-dependencies',
        '-DincludeScope=runtime',
        `-DoutputDirectory=${folder}`,
      ],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    let downloads = 0
    let tail = ''
    const read = (chunk: Buffer) => {
      tail = (tail + chunk).slice(-2000)
      const before = downloads
      downloads += String(chunk).match(/^Downloaded from/gm)?.length ?? 0
      if (Math.floor(downloads / 20) > Math.floor(before / 20)) log(`  ${downloads} files …`)
    }
    maven.stdout.on('data', read)
    maven.stderr.on('data', read)
    maven.on('error', reject)
    maven.on('exit', status => {
      if (status === 0) resolve()
      else
        reject(
          new RequirementError(
            `Maven could not download ${program}. Check the network, the proxy and ~/.m2/settings.xml.\n${tail}`,
          ),
        )
    })
  })
}
