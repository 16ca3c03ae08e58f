// A plain program: sends records, stores those that can't be delivered as dead letters, and ends.
//   KAFKA_BOOTSTRAP_SERVERS=host:port KAFKA_DEAD_LETTER=disk:./dead-letters node send.ts chat lobby hello
import { randomUUID } from 'node:crypto'
import {
  createDeadLetterPublisher,
  KafkaTemplate,
  ProducerFactory,
  parseConfig,
  publishFailures,
} from 'serverless-kafka-producer'

const [topic = 'chat', key = 'lobby', ...values] = process.argv.slice(2)
const config = parseConfig()
const factory = new ProducerFactory({ config })
const deadLetters = createDeadLetterPublisher(config)
try {
  const records = values.map(value => ({ id: randomUUID(), value }))
  const reports = await new KafkaTemplate(factory).sendAll(
    // Sets the header kp-id, by which consumers drop the duplicate of a record whose outcome was unknown.
    records.map(({ id, value }) => ({ topic, key, value, headers: [['kp-id', id]] })),
  )
  // The library alone stores no dead letter: KAFKA_DEAD_LETTER says where this call stores them.
  const fates = await publishFailures(reports, {
    deadLetters,
    sourceOf: index => ({
      trigger: 'template',
      id: records[index]?.id ?? '',
      index,
      function: null,
      arn: null,
      receiveCount: null,
    }),
    onFailure: error => console.error('A dead letter was not stored.', error),
  })
  for (const [index, report] of reports.entries()) {
    // An invalid record has no entry in `fates`: it is refused, as a retry never helps.
    const fate = report.kind === 'delivered' ? 'delivered' : (fates.get(index)?.fate ?? 'refused')
    console.log(report.kind === 'delivered' ? fate : `${fate}: ${report.error.message}`)
    if (fate === 'refused' || fate === 'returned') process.exitCode = 1
  }
} finally {
  // Without this, the open connections keep the process alive.
  await Promise.all([factory.close(), deadLetters.close()])
}
