// The targets of a sweep: how each is opened, an independent reader of what is left in it, and how the lease of a
// killed process is ended at once instead of after a minute.
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { DeleteItemCommand, DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3'
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs'
import { createTopics, kafkaOf, type ReadRecord, readTopic } from '../../../local/kafka/admin.ts'
import type { LocalSqs } from '../../../local/sqs/elasticmq.ts'
import { createTable } from '../../support/dynamodb-table.ts'

export interface Place {
  readonly name: string
  /** For KAFKA_DEAD_LETTER. */
  readonly setting: string
  /** Records per round; more than a batch of a redrive, unless the target is slow. */
  readonly count: number
  /** Waits until what killed processes held is visible to others. */
  settled?(): Promise<void>
  /** The record ids of the open dead letters. */
  left(): Promise<string[]>
  endLease(): Promise<void>
}

type Envelope = { readonly recordId: string }
const idOf = (json: string) => (JSON.parse(json) as Envelope).recordId

export function diskPlace(folder: string): Place {
  return {
    name: 'disk',
    setting: `disk:${folder}`,
    count: 120,
    left: async () => openOnDisk(folder),
    endLease: async () => rmSync(join(folder, 'redrive.lock'), { force: true }),
  }
}

const MAGIC = Buffer.from('fffe4b50444c', 'hex')

function openOnDisk(folder: string): string[] {
  const open = new Map<string, string>()
  const closed: string[] = []
  for (const name of readdirSync(folder).filter(each => each.endsWith('.seg2'))) {
    const bytes = readFileSync(join(folder, name))
    for (let at = bytes.indexOf(MAGIC); at >= 0; at = bytes.indexOf(MAGIC, at + 1)) {
      const length = bytes.readUInt32BE(at + 6)
      if (at + 18 + length > bytes.length) continue
      const entry = jsonOrNothing(bytes.toString('utf8', at + 18, at + 18 + length))
      if (entry?.of) closed.push(...entry.of)
      else if (entry?.recordId) open.set(`disk:${name}#${at}`, entry.recordId)
    }
  }
  for (const location of closed) open.delete(location)
  return [...open.values()]
}

/** The last entry of a killed writer may be torn. */
function jsonOrNothing(text: string): { readonly of?: string[]; readonly recordId?: string } | undefined {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

export function sqlitePlace(file: string): Place {
  const using = <T>(work: (database: DatabaseSync) => T): T => {
    const database = new DatabaseSync(file, { timeout: 5000 })
    try {
      return work(database)
    } finally {
      database.close()
    }
  }
  return {
    name: 'sqlite',
    setting: `sqlite:${file}`,
    count: 120,
    left: async () =>
      using(database =>
        database
          .prepare('SELECT letter FROM letters WHERE closed IS NULL')
          .all()
          .map(({ letter }) => idOf(String(letter))),
      ),
    endLease: async () => using(database => database.exec('DELETE FROM lease')),
  }
}

export async function s3Place(bucket: string): Promise<Place> {
  const client = new S3Client({ forcePathStyle: true })
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  return {
    name: 's3',
    setting: `s3:${bucket}/sweep`,
    count: 25,
    left: async () => {
      const ids: string[] = []
      for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: 'sweep/' }))
        for (const { Key = '' } of Contents.filter(({ Key: key }) => key?.endsWith('.json'))) {
          const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }))
          ids.push(idOf((await Body?.transformToString()) ?? ''))
        }
      return ids
    },
    endLease: async () => {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'sweep/redrive.lease' }))
    },
  }
}

/** @param claims the bucket of the values that are too large */
export async function dynamoDbPlace(table: string, claims: string): Promise<Place> {
  const client = new DynamoDBClient({})
  const s3 = new S3Client({ forcePathStyle: true })
  await s3.send(new CreateBucketCommand({ Bucket: claims }))
  await createTable(client, table)
  return {
    name: 'dynamodb',
    setting: `dynamodb:${table},s3:${claims}/claims`,
    count: 25,
    left: async () => {
      const ids: string[] = []
      for await (const { Items = [] } of paginateScan({ client }, { TableName: table }))
        for (const { deadLetter } of Items) if (deadLetter?.S) ids.push(idOf(deadLetter.S))
      return ids
    },
    endLease: async () => {
      await client.send(new DeleteItemCommand({ TableName: table, Key: { deadLetterId: { S: 'redrive-lease' } } }))
      await s3.send(new DeleteObjectCommand({ Bucket: claims, Key: 'claims/redrive.lease' }))
    },
  }
}

async function visible(sqs: LocalSqs, queue: string): Promise<number> {
  const AttributeNames = ['ApproximateNumberOfMessages' as const]
  const command = new GetQueueAttributesCommand({ QueueUrl: sqs.queueUrl(queue), AttributeNames })
  return Number((await sqs.client.send(command)).Attributes?.ApproximateNumberOfMessages)
}

/** Nothing excludes a second redrive here: what one holds is hidden from the other. */
export function sqsPlace(sqs: LocalSqs, queue: string): Place {
  return {
    name: 'sqs',
    setting: `sqs:${sqs.queueUrl(queue)}`,
    count: 120,
    settled: async () => {
      const isHidden = async () => (await sqs.depth(queue)) > (await visible(sqs, queue))
      while (await isHidden()) await pause(1000)
    },
    left: async () => (await sqs.drain(queue)).map(({ Body = '' }) => idOf(Body)),
    endLease: async () => {},
  }
}

export async function kafkaPlace(servers: string, topic: string): Promise<Place> {
  await createTopics(servers, [{ topic, partitions: 2 }])
  return {
    name: 'kafka',
    setting: `kafka:${topic}@${servers.replaceAll(',', ';')}`,
    count: 120,
    left: async () => openInKafka(await readTopic(servers, topic), topic),
    endLease: () => endKafkaLeases(servers, topic),
  }
}

const header = ({ headers }: ReadRecord, name: string) => {
  const value = headers[name]
  return value === undefined ? undefined : JSON.parse(String(value))
}

function openInKafka(records: readonly ReadRecord[], topic: string): string[] {
  const open = new Map<string, string>()
  for (const record of records) {
    const envelope = header(record, 'kp-dead-letter')
    if (envelope) open.set(`kafka:${topic}-${record.partition}@${record.offset}`, envelope.recordId)
  }
  for (const record of records) for (const location of header(record, 'kp-closed')?.of ?? []) open.delete(location)
  // Copies of one dead letter are one.
  return [...new Set(open.values())]
}

async function endKafkaLeases(servers: string, topic: string): Promise<void> {
  const leases = (await readTopic(servers, topic)).map(record => header(record, 'kp-lease')).filter(Boolean)
  const holders = new Set(leases.slice(-20).map(({ holder }) => String(holder)))
  const producer = kafkaOf(servers).producer()
  await producer.connect()
  await producer.send({
    topic,
    messages: [...holders].map(holder => ({
      key: 'kp-lease',
      value: null,
      partition: 0,
      headers: { 'kp-lease': JSON.stringify({ holder, until: 0 }) },
    })),
  })
  await producer.disconnect()
}
