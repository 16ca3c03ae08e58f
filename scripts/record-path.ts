// Where a record is after each stage, and the callbacks of the Sender, for docs/architecture.md. Every name here is
// looked up in the source, so that a rename there fails `npm run docs` and test/architecture.test.ts.
import { globSync } from 'node:fs'
import { type Declaration, declarationsOf, type Member } from './declarations.ts'

/** A name and the file that declares it: `RecordSerializer.serialize`, or a class, interface, type or function. */
type Named = readonly [name: string, file: string]

export interface Stage {
  readonly after: string
  readonly type: Named
  /** Functions and methods that return the type, or a class that makes it. */
  readonly madeBy: readonly Named[]
  /** Who has the record until the next stage. */
  readonly heldBy: readonly Named[]
}

const RECORD = 'lib/record/producer-record.ts'
const STORE = 'lib/dead-letter/dead-letter-store.ts'

export const STAGES: readonly Stage[] = [
  {
    after: 'parse',
    type: ['SourceRecord', 'lib/lambda/source-record.ts'],
    madeBy: [
      ['sourceRecord', 'lib/lambda/source-record.ts'],
      ['parseEventBridgeEvents', 'lib/lambda/eventbridge-event.ts'],
    ],
    heldBy: [['SourceItem.records', 'functions/batch/source-item.ts']],
  },
  {
    after: 'validate',
    type: ['ValidRecord', RECORD],
    madeBy: [['validateRecord', 'lib/validate/record-validator.ts']],
    heldBy: [['RecordPreparer', 'lib/record-preparer.ts']],
  },
  {
    after: 'serialize',
    type: ['SerializedRecord', RECORD],
    madeBy: [['RecordSerializer.serialize', 'lib/serialize/record-serializer.ts']],
    heldBy: [['Prepared.serialized', 'lib/producer-call.ts']],
  },
  {
    after: 'partition',
    type: ['PartitionedRecord', RECORD],
    madeBy: [['RecordPartitioner.partition', 'lib/partition/record-partitioner.ts']],
    heldBy: [['PendingRecord.record', 'lib/accumulate/pending-record.ts']],
  },
  {
    after: 'append',
    type: ['PendingRecord', 'lib/accumulate/pending-record.ts'],
    madeBy: [['RecordAccumulator.append', 'lib/accumulate/record-accumulator.ts']],
    heldBy: [['RecordQueue', 'lib/accumulate/record-queue.ts']],
  },
  {
    after: 'accumulate',
    type: ['ProducerBatch', 'lib/accumulate/producer-batch.ts'],
    madeBy: [['RecordAccumulator.take', 'lib/accumulate/record-accumulator.ts']],
    heldBy: [['PartitionState.batch', 'lib/send/partition-state.ts']],
  },
  {
    after: 'send, per batch',
    type: ['ProduceOutcome', 'lib/transport/kafka-client.ts'],
    madeBy: [['KafkaClient.produce', 'lib/transport/kafka-client.ts']],
    heldBy: [['AttemptOutcomes', 'lib/send/attempt-outcomes.ts']],
  },
  {
    after: 'send, per record',
    type: ['RecordOutcome', 'lib/accumulate/pending-record.ts'],
    madeBy: [['RecordCompleter', 'lib/send/record-completer.ts']],
    heldBy: [['ProducerCall', 'lib/producer-call.ts']],
  },
  {
    after: 'report',
    type: ['DeliveryReport', 'lib/delivery/delivery-report.ts'],
    madeBy: [['toReport', 'lib/delivery/delivery-report.ts']],
    heldBy: [
      ['ProducerCall.reports', 'lib/producer-call.ts'],
      ['ReportedItem.reports', 'functions/batch/plan-round.ts'],
    ],
  },
  {
    after: 'dead letter',
    type: ['DeadLetter', 'lib/dead-letter/dead-letter.ts'],
    madeBy: [['toDeadLetter', 'lib/dead-letter/dead-letter.ts']],
    heldBy: [['DeadLetterTarget', 'lib/dead-letter/dead-letter-target.ts']],
  },
  {
    after: 'respond',
    type: ['RecordFate', 'lib/delivery/record-fate.ts'],
    madeBy: [['publishFailures', 'lib/dead-letter/publish-failures.ts']],
    heldBy: [['CompletedItem.fates', 'functions/batch/handle-batch.ts']],
  },
  {
    after: 'redrive, read',
    type: ['OpenDeadLetter', STORE],
    madeBy: [['DeadLetterStore.deadLetters', STORE]],
    heldBy: [['Candidate.open', 'lib/redrive/candidate.ts']],
  },
  {
    after: 'redrive, sent',
    type: ['ProducerRecord', RECORD],
    madeBy: [['redrivenRecord', 'lib/redrive/redriven-record.ts']],
    heldBy: [['Sendable.record', 'lib/redrive/batch-redriver.ts']],
  },
  {
    after: 'redrive, done',
    type: ['Completed', STORE],
    madeBy: [['BatchRedriver', 'lib/redrive/batch-redriver.ts']],
    heldBy: [['DeadLetterStore.complete', STORE]],
  },
]

/** The stages that the drawing has. */
const DRAWN = ['parse', 'validate', 'serialize', 'partition', 'accumulate', 'send, per record', 'report', 'respond']
/** Its arrows that are no stage of their own. */
const FURTHER: readonly (readonly [from: string, by: readonly Named[], to: string])[] = [
  [
    'RecordFate',
    [
      ['respondToSqs', 'functions/sqs/respond.ts'],
      ['toResponse', 'functions/http/dialects/native/to-response.ts'],
    ],
    'Answer',
  ],
  ['DeliveryReport', [['toDeadLetter', 'lib/dead-letter/dead-letter.ts']], 'DeadLetter'],
  ['DeadLetter', [['redrivenRecord', 'lib/redrive/redriven-record.ts']], 'ProducerRecord'],
  ['ProducerRecord', [['validateRecord', 'lib/validate/record-validator.ts']], 'ValidRecord'],
]

const parsed = new Map<string, ReadonlyMap<string, Declaration>>()

function declarationsIn(file: string): ReadonlyMap<string, Declaration> {
  const known = parsed.get(file) ?? declarationsOf(file)
  parsed.set(file, known)
  return known
}

function problem(text: string): Error {
  return new Error(`scripts/record-path.ts: ${text}`)
}

function find([name, file]: Named): { readonly declaration: Declaration; readonly member: Member | undefined } {
  const [owner = '', memberName] = name.split('.')
  const declaration = declarationsIn(file).get(owner)
  if (!declaration) throw problem(`expected ${owner} in ${file}, got ${[...declarationsIn(file).keys()].join(', ')}.`)
  if (memberName === undefined) return { declaration, member: undefined }
  const member = declaration.members.find(each => each.name === memberName)
  if (!member) throw problem(`expected ${memberName} in ${owner} of ${file}.`)
  return { declaration, member }
}

const wordOf = (name: string) => new RegExp(`\\b${name}\\b`)

/** @throws Error when a name is not in its file, or when what is said of it there does not mention the type */
export function checkStage({ after, type, madeBy, heldBy }: Stage): void {
  find(type)
  const isType = wordOf(type[0])
  for (const named of madeBy) {
    const { declaration, member } = find(named)
    const { isFunction } = member ?? declaration
    const said = isFunction ? (member ?? declaration).type : declaration.text
    if (!isType.test(said)) throw problem(`after ${after}: expected ${named[0]} to make a ${type[0]}.`)
  }
  for (const named of heldBy) {
    const { declaration, member } = find(named)
    const said = member && !member.isFunction ? member.type : declaration.text
    const makers = madeBy.map(([name]) => wordOf(name.split('.').at(-1) as string))
    if (!isType.test(said) && !makers.some(maker => maker.test(said)))
      throw problem(`after ${after}: expected ${named[0]} to hold a ${type[0]}.`)
  }
}

function cell(names: readonly Named[]): string {
  return names.map(([name, file]) => `\`${name}\` (\`${file}\`)`).join(', ')
}

const namesOf = (names: readonly Named[]) => names.map(([name]) => name).join(', ')

/** The drawing of a record's way and the table of its stages, in Markdown. */
export function stagesText(): string {
  STAGES.forEach(checkStage)
  for (const named of FURTHER.flatMap(([, by]) => by)) find(named)
  const drawn = STAGES.filter(({ after }) => DRAWN.includes(after))
  const arrows = drawn.map(({ after, type: [type], madeBy }, index) => {
    const before = drawn[index - 1]?.type[0] ?? 'Event'
    return `  ${before} -- "${after.replace(/,.*/, '')}: ${namesOf(madeBy)}" --> ${type}`
  })
  return [
    '```mermaid',
    'flowchart TB',
    ...arrows,
    ...FURTHER.map(([from, by, to]) => `  ${from} -- "${namesOf(by)}" --> ${to}`),
    '```',
    '',
    '| after | the record is in a | which is made by | and held by |',
    '|---|---|---|---|',
    ...STAGES.map(
      ({ after, type, madeBy, heldBy }) => `| ${after} | ${cell([type])} | ${cell(madeBy)} | ${cell(heldBy)} |`,
    ),
  ].join('\n')
}

/** The Sender's parts, and what it calls and is called by. */
const SENDER_FILES = ['lib/accumulate/*.ts', 'lib/send/*.ts', 'lib/transport/kafka-client.ts']
/** The files that connect the parts. */
const WIRING = ['lib/producer-stages.ts', 'lib/send/sender.ts']

interface Callback {
  readonly owner: string
  readonly member: Member
  /** The files in which it is given. */
  readonly givenIn: readonly string[]
}

/** Functions that one part gives to another one as an option or a parameter of its constructor, or implements. */
function callbacks(): Callback[] {
  const declarations = globSync([...SENDER_FILES, 'lib/*.ts'])
    .sort()
    .flatMap(file => [...declarationsIn(file).values()])
  const filesWith = (pattern: RegExp) => [
    ...new Set(declarations.filter(({ text }) => pattern.test(text)).map(({ file }) => file)),
  ]
  const creating = (name: string) => filesWith(new RegExp(`\\bnew ${name}\\(`))
  return declarations.flatMap(({ kind, name, file, members, parameters }): Callback[] => {
    if (!file.startsWith('lib/accumulate/') && !file.startsWith('lib/send/') && name !== 'ProduceRequest') return []
    const takers = declarations.filter(taker => taker.parameters.some(({ type }) => type === name))
    const implementing = declarations.filter(({ interfaces }) => interfaces.includes(name))
    const ofParameters = parameters.map(member => ({ owner: name, member, givenIn: creating(name) }))
    const ofMembers = (kind === 'interface' ? members : []).map(member => ({
      owner: name,
      member,
      givenIn:
        name === 'ProduceRequest'
          ? filesWith(/\bbeginWrite: \(/)
          : [...new Set(takers.flatMap(taker => creating(taker.name)))],
    }))
    const ofImplementing = implementing.flatMap(({ file: givenIn }) =>
      members.map(member => ({ owner: name, member, givenIn: [givenIn] })),
    )
    return [...ofParameters, ...(implementing.length > 0 ? ofImplementing : ofMembers)].filter(
      ({ member, givenIn }) => member.isFunction && givenIn.length > 0,
    )
  })
}

/** The callbacks of the Sender, in Markdown. */
export function callbacksText(): string {
  const rows = callbacks()
    .filter(({ owner, givenIn }) => /Caller|Request$/.test(owner) || givenIn.some(file => WIRING.includes(file)))
    .map(
      ({ owner, member: { name, comment }, givenIn }) =>
        `| \`${owner}\` | \`${name}\` | ${givenIn.map(file => `\`${file}\``).join(', ')} | ${comment} |`,
    )
  return ['| of | callback | given in | |', '|---|---|---|---|', ...rows].join('\n')
}

/**
 * Checks a sequence diagram: `A->>B: name(…)` needs a method of a class or interface of a participant, a callback or a
 * function of the Sender's files. A participant is written `participant A as Sender, RecordCompleter`.
 * @returns what is not in the source
 */
export function unknownInDiagram(diagram: string): string[] {
  const files = [...globSync(SENDER_FILES), ...globSync('lib/*.ts')]
  const declarations = new Map(files.flatMap(file => [...declarationsIn(file)]))
  const callbackNames = new Set(callbacks().map(({ member }) => member.name))
  const participants = new Map(
    [...diagram.matchAll(/^\s*participant (\w+) as (.+)$/gm)].map(([, id = '', names = '']) => [id, names.split(', ')]),
  )
  const unknown: string[] = [...participants.values()].flat().filter(name => !declarations.has(name))
  for (const [, from = '', to = '', text = ''] of diagram.matchAll(/^\s*(\w+)-?->>(\w+): (.+)$/gm)) {
    const owners = [from, to].flatMap(id => participants.get(id) ?? [])
    const members = new Set(owners.flatMap(name => declarations.get(name)?.members.map(member => member.name) ?? []))
    for (const [name] of text.matchAll(/\b[a-z]\w*(?=\()|\bon[A-Z]\w*/g))
      if (!members.has(name) && !callbackNames.has(name) && !declarations.get(name)?.isFunction)
        unknown.push(`${owners.join(', ')}: ${name}`)
  }
  return unknown
}
