// send: sends one record, or one per line of standard input.
import { isUtf8 } from 'node:buffer'
import { addAbortSignal } from 'node:stream'
import type { Command } from 'commander'
import type { DeliveryReport } from '../lib/delivery/delivery-report.ts'
import { describeError, InvalidRecordError } from '../lib/errors.ts'
import { KafkaProducer } from '../lib/kafka-producer.ts'
import { createKafkaJsClient } from '../lib/producer-factory.ts'
import { type ProducerRecord, RESERVED_HEADER_PREFIX, type RecordHeader } from '../lib/record/producer-record.ts'
import { configuration, contractsIn, environment } from './environment.ts'
import { GRACE_MS, onInterruption, stopSignal, WrongUse } from './exit.ts'
import { readLines } from './lines.ts'
import { counted, printJson, printMessage, printTable, violationLines } from './output.ts'

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
    .description(
      'Sends one record, or one per line of standard input. If the topic has a contract, it validates the records.',
    )
    .option('--key <key>', 'the key of every record')
    .option('--value <value>', 'the value; without it, each line of standard input that is not empty is a value')
    .option(
      '--header <name=value>',
      'a header as name=value; may be repeated',
      (header: string, headers: string[]) => [...headers, header],
      [],
    )
    .option('--partition <n>', 'the partition')
    .option('--timestamp <ms>', 'timestamp of the records, in milliseconds since the epoch')
    .option('--contracts <folder>', 'folder of the contracts', 'contracts')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  kafka-producer send chat --value '{"room":"lobby","user":"ada","text":"hello"}'
  kafka-producer send events --key k < lines.txt
Prints each record that was not acknowledged and exits with status 1. It writes no dead letters.`,
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
    rules: contract ? { contracts } : { anyTopic: true },
    warn: printMessage,
  })
  const isJson = contract?.value.codec.isJson
  let failures = 0
  let sent = 0
  let emptyLines = 0
  const onEmpty = () => {
    emptyLines++
  }
  onInterruption(() => `Interrupted after ${counted(sent, 'record')}: ${sent - failures} delivered.`)
  const onStop = () => {
    // Records in flight end with what is known about them. The second `close` below reports the same error.
    producer.close({ timeoutMs: GRACE_MS }).catch(() => undefined)
  }
  stopSignal.addEventListener('abort', onStop, { once: true })
  for await (const values of options.value === undefined ? linesInBatches(onEmpty) : [[Buffer.from(options.value)]]) {
    if (stopSignal.aborted) break
    const reports = await producer.sendAll(
      values.map(value => ({ ...record, value: isJson || !isUtf8(value) ? value : value.toString() })),
    )
    for (const report of reports) print(report, sent++, options)
    failures += reports.filter(({ kind }) => kind === 'failed').length
  }
  await producer.close()
  if (emptyLines > 0) printMessage(`${counted(emptyLines, 'empty line')} skipped. --value '' sends an empty value.`)
  else if (sent === 0 && !stopSignal.aborted) printMessage('Standard input was empty: nothing was sent.')
  if (failures > 0) printMessage(`${failures} of ${counted(sent, 'record')} not delivered.`)
  if (failures > 0) process.exitCode = 1
}

function recordOf(topic: string, { key, header, partition, timestamp }: Options): Omit<ProducerRecord, 'value'> {
  const headers = header.map((text): RecordHeader => {
    const at = text.indexOf('=')
    if (at < 1)
      throw new WrongUse(`--header: expected name=value, got a text ${at < 0 ? 'without =' : 'that begins with ='}.`)
    const name = text.slice(0, at)
    if (name.toLowerCase().startsWith(RESERVED_HEADER_PREFIX))
      throw new WrongUse(`--header: expected no name that begins with ${RESERVED_HEADER_PREFIX}, got ${name}.`)
    return [name, Buffer.from(text.slice(at + 1))]
  })
  const integer = (name: string, text: string) => {
    if (!/^\d+$/.test(text)) throw new WrongUse(`--${name}: expected a whole number, got ${text}.`)
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

async function* linesInBatches(onEmpty: () => void): AsyncGenerator<Buffer[]> {
  let batch: Buffer[] = []
  try {
    for await (const line of readLines(addAbortSignal(stopSignal, process.stdin))) {
      if (line.length > 0) batch.push(line)
      else onEmpty()
      if (batch.length < BATCH) continue
      yield batch
      batch = []
    }
  } catch (error) {
    if (stopSignal.aborted) return
    throw error
  }
  if (batch.length > 0) yield batch
}

function print(report: DeliveryReport, index: number, options: Options): void {
  if (report.kind === 'failed') {
    const { code, outcome, error } = report
    const violations = error instanceof InvalidRecordError ? error.violations : []
    if (options.json)
      return printJson({
        index,
        fate: 'returned',
        code,
        outcome,
        ...(violations.length > 0 ? { violations } : {}),
      })
    return printMessage(`record ${index}: ${code}, ${outcome}. ${describeError(error)}${violationLines(error)}`)
  }
  const { topic, partition, offset, timestamp } = report.metadata
  if (options.json)
    return printJson({
      index,
      fate: 'delivered',
      topic,
      partition,
      offset: offset === null ? null : Number(offset),
      timestamp,
    })
  printTable([[`${topic}-${partition}@${offset ?? '?'}`, new Date(timestamp).toISOString()]])
}
