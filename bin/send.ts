import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import type { DeliveryReport } from '../lib/delivery/delivery-report.ts'
import { KafkaProducer } from '../lib/kafka-producer.ts'
import { createKafkaJsClient } from '../lib/producer-factory.ts'
import type { ProducerRecord, RecordHeader } from '../lib/record/producer-record.ts'
import { configuration, contractsIn, environment } from './environment.ts'
import { json, table, tell } from './output.ts'

const BATCH = 500

interface Options {
  readonly key?: string
  readonly value?: string
  readonly header: string[]
  readonly partition?: string
  readonly timestamp?: string
  readonly contracts: string
  readonly json?: boolean
}

export function addSend(program: Command): void {
  program
    .command('send')
    .argument('<topic>')
    .description('Sends one record, or one per line of standard input. A topic with a contract is checked by it.')
    .option('--key <key>', 'the key of every record')
    .option('--value <value>', 'the value; without it each line of standard input is one')
    .option(
      '--header <name=value>',
      'a header; repeatable',
      (given: string, before: string[]) => [...before, given],
      [],
    )
    .option('--partition <n>', 'the partition')
    .option('--timestamp <ms>', 'milliseconds since the epoch')
    .option('--contracts <folder>', 'contracts', 'contracts')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `\nExamples:\n  kafka-producer send chat --value '{"room":"lobby","user":"ada","text":"hello"}'\n  kafka-producer send events --key k < lines.txt\nWhat is not acknowledged is told, and the exit status is 1: it stays with you, no dead letter is written.`,
    )
    .action(run)
}

async function run(topic: string, options: Options): Promise<void> {
  const record = recordOf(topic, options)
  const config = await configuration(environment())
  const contracts = await contractsIn(options.contracts, options.contracts !== 'contracts')
  const contract = contracts.get(topic)
  const producer = new KafkaProducer(config, {
    client: createKafkaJsClient(config),
    rules: contract ? { contracts } : { anyTopic: true, keyRequired: false },
    warn: tell,
  })
  const isJson = contract?.value.format === 'json'
  let failures = 0
  let sent = 0
  for await (const values of options.value === undefined ? linesInBatches() : [[options.value]]) {
    const reports = await producer.sendAll(
      values.map(value => ({ ...record, value: isJson ? Buffer.from(value) : value })),
    )
    for (const report of reports) print(report, sent++, options)
    failures += reports.filter(({ kind }) => kind === 'failed').length
  }
  await producer.close()
  if (failures > 0) tell(`${failures} of ${sent} record(s) are not in Kafka.`)
  if (failures > 0) process.exitCode = 1
}

function recordOf(topic: string, { key, header, partition, timestamp }: Options): Omit<ProducerRecord, 'value'> {
  const headers = header.map((text): RecordHeader => {
    const at = text.indexOf('=')
    if (at < 1) throw new Error('--header: expected name=value.')
    return [text.slice(0, at), Buffer.from(text.slice(at + 1))]
  })
  const integer = (name: string, text: string) => {
    if (!/^\d+$/.test(text)) throw new Error(`--${name}: expected a whole number.`)
    return Number(text)
  }
  return {
    topic,
    headers,
    ...(key === undefined ? {} : { key }),
    ...(partition === undefined ? {} : { partition: integer('partition', partition) }),
    ...(timestamp === undefined ? {} : { timestamp: integer('timestamp', timestamp) }),
  }
}

async function* linesInBatches(): AsyncGenerator<string[]> {
  let batch: string[] = []
  for await (const line of createInterface({ input: process.stdin })) {
    if (line !== '') batch.push(line)
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

function print(report: DeliveryReport, index: number, options: Options): void {
  if (report.kind === 'failed') {
    const { code, outcome, error } = report
    if (options.json) return json({ index, fate: 'returned', code, outcome })
    return tell(`record ${index}: ${code}, ${outcome}. ${error.message}`)
  }
  const { topic, partition, offset, timestamp } = report.metadata
  if (options.json)
    return json({
      index,
      fate: 'delivered',
      topic,
      partition,
      offset: offset === null ? null : Number(offset),
      timestamp,
    })
  table([[`${topic}-${partition}@${offset ?? '?'}`, new Date(timestamp).toISOString()]])
}
