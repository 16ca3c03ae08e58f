// Writes docs/settings.md, and the types of options and configuration with their texts for editors, from the settings
// table and the comments of its rows.
import { readFileSync, writeFileSync } from 'node:fs'
import { type OptionName, SETTING_ROWS, SETTINGS, type SettingRow } from '../lib/config/settings.ts'

const TABLE = 'lib/config/settings.ts'
const DOCUMENT = 'docs/settings.md'
const OPTIONS = 'lib/config/producer-options.ts'
const ROW_WITH_COMMENT = /^ {2}\/\*\*\n((?: {3}\*.*\n)+?) {3}\*\/\n {2}(\w+):/gm
const WIDTH = 120

const code = (text: unknown) => (text === undefined || text === '' ? '' : `\`${text}\``)

function rangeOf({ kind, min, max, unit, choices, secret }: SettingRow): string {
  const range = kind === 'integer' ? `${min} – ${max}${unit === undefined ? '' : ` ${unit}`}` : choices?.join(', ')
  return `${range ?? kind}${secret ? ', secret' : ''}`
}

/**
 * Returns the paragraphs of the comment above a row: what the setting does and, if there is a second one, why its
 * default differs from Java's.
 */
export function readParagraphs(): (option: OptionName) => readonly string[] {
  const comments = [...readFileSync(TABLE, 'utf8').matchAll(ROW_WITH_COMMENT)]
  const paragraphs = new Map<string, string[]>(
    comments.map(([, comment = '', option = '']) => [
      option,
      comment.split('   *\n').map(text =>
        text
          .replaceAll(/^ {3}\* /gm, '')
          .trim()
          .replaceAll('\n', ' '),
      ),
    ]),
  )
  return option => {
    const found = paragraphs.get(option) ?? []
    if (found.length < 1 || found.length > 2 || found[1]?.startsWith('Java') === false)
      throw new Error(
        `${TABLE}: expected a comment above the row ${option} that says what the setting does and, where its default ` +
          'differs from the Java client’s, why, in a paragraph that starts with "Java".',
      )
    return found
  }
}

/** Formats the lines of a comment in an interface. */
function commentOf(paragraphs: readonly string[]): string {
  const lines: string[] = []
  for (const paragraph of paragraphs) {
    if (lines.length > 0) lines.push('   *')
    let line = '   *'
    for (const word of paragraph.split(' ')) {
      if (`${line} ${word}`.length > WIDTH) {
        lines.push(line)
        line = '   *'
      }
      line += ` ${word}`
    }
    lines.push(line)
  }
  return ['  /**', ...lines, '   */'].join('\n')
}

/** Returns the names of a setting, its range, unit and default. */
export function factsOf(row: SettingRow): string {
  const names = [...new Set([row.name, row.env])].map(code).join(', ')
  const hasDefault = row.default !== undefined && row.default !== ''
  return `${names}: ${rangeOf(row)}${hasDefault ? `, default ${row.default}` : ''}.`
}

function choiceTypes({ choices = [] }: SettingRow): string[] {
  return choices.map(choice => (typeof choice === 'string' ? `'${choice}'` : String(choice)))
}

/** Returns the types that an option may have in code. */
function optionTypes(row: SettingRow): readonly string[] {
  switch (row.kind) {
    case 'integer':
      return ['number']
    case 'boolean':
      return ['boolean']
    case 'text':
      return ['string']
    case 'list':
    case 'urls':
    case 'origins':
      return ['readonly string[]', 'string']
    case 'choice':
      return choiceTypes(row)
    case 'serializer':
      return ['SerializerOption']
    case 'tokenProvider':
      return ['OAuthBearerTokenProvider', 'ModulePath']
    case 'partitioner':
      return ['Partitioner', '(new () => Partitioner)', 'PartitionerSetting', 'ModulePath']
  }
}

/** Settings that only stand for other settings. */
const READ_BEFORE: readonly string[] = ['configFile', 'saslJaasConfig']

/** The types of settings that are parsed into something other than text. */
const PARSED: Readonly<Record<string, string>> = {
  deadLetter: 'readonly DeadLetterTargetConfig[]',
  deadLetterNotify: 'NotifyTargets',
}

/** Returns the type of a parsed setting. A list always has a value, or there would be no configuration. */
function valueTypes(option: OptionName, row: SettingRow): readonly string[] {
  const parsed = PARSED[option]
  if (parsed !== undefined) return [parsed]
  const isAlwaysSet = row.default !== undefined || row.kind === 'list'
  return [...typesWhenSet(row), ...(isAlwaysSet ? [] : ['undefined'])]
}

function typesWhenSet(row: SettingRow): readonly string[] {
  if (['list', 'urls', 'origins'].includes(row.kind)) return ['readonly string[]']
  if (row.kind === 'serializer') return ['Serializer<never>', 'string']
  if (row.kind === 'tokenProvider') return ['OAuthBearerTokenProvider', 'string']
  if (row.kind === 'partitioner') return ['Partitioner', '(new () => Partitioner)', 'string']
  return optionTypes(row)
}

function memberOf(name: string, types: readonly string[], paragraphs: readonly string[]): string {
  const line = `  readonly ${name}: ${types.join(' | ')}`
  const member = line.length <= WIDTH ? line : `  readonly ${name}:\n    | ${types.join('\n    | ')}`
  return `${commentOf(paragraphs)}\n${member}`
}

export function optionsSource(): string {
  const paragraphsOf = readParagraphs()
  const optionOf = (option: OptionName, row: SettingRow, types = optionTypes(row)) =>
    memberOf(`${option}?`, [...types, 'undefined'], [...paragraphsOf(option), factsOf(row)])
  const options = SETTING_ROWS.filter(([, { kind }]) => kind !== 'serializer').map(each => optionOf(...each))
  const serializers = [
    optionOf('keySerializer', SETTINGS.keySerializer, ['K']),
    optionOf('valueSerializer', SETTINGS.valueSerializer, ['V']),
  ]
  const values = SETTING_ROWS.filter(([option]) => !READ_BEFORE.includes(option)).map(([option, row]) =>
    memberOf(option, valueTypes(option, row), [...paragraphsOf(option).slice(0, 1), factsOf(row)]),
  )
  return `// \`npm run docs\` writes this file from the settings table, ${TABLE}.

import type { DeadLetterTargetConfig } from '../dead-letter/target-kinds.ts'
import type { Partitioner } from '../partition/partitioner.ts'
import type { OAuthBearerTokenProvider } from '../security/token-provider.ts'
import type { Serializer } from '../serialize/serializer.ts'
import type { ModulePath, PartitionerSetting } from './class-names.ts'
import type { SerializerOption } from './serialized-types.ts'
import type { NotifyTargets } from './settings.ts'

/** The options whose types do not depend on others. One that is undefined counts as left out. */
export interface CommonOptions {
${options.join('\n')}
}

/** The serializers; \`K\` and \`V\` are their own types. */
export interface SerializerOptions<K extends SerializerOption | undefined, V extends SerializerOption | undefined> {
${serializers.join('\n')}
}

/** Options in code. */
export interface ProducerOptions
  extends CommonOptions,
    SerializerOptions<SerializerOption | undefined, SerializerOption | undefined> {}

declare const TYPES: unique symbol

/** Every setting with its value, frozen. \`parseConfig\` and \`loadConfig\` create it. */
export interface ProducerConfig<K = unknown, V = unknown> {
  /** Only a type: what the serializers take that were given in code. */
  readonly [TYPES]?: readonly [key: K, value: V]
${values.join('\n')}
}
`
}

export function settingsDocument(): string {
  const paragraphsOf = readParagraphs()
  const rows = SETTING_ROWS.map(([option, row]) => {
    const name = row.name === row.env ? undefined : row.name
    const [doc] = paragraphsOf(option)
    return `| ${[code(name), code(row.env), code(option), code(row.default), rangeOf(row), doc].join(' | ')} |`
  })
  const deviations = SETTING_ROWS.flatMap(([option, { name }]) => {
    const [, deviation] = paragraphsOf(option)
    return deviation === undefined ? [] : [`- \`${name}\`: ${deviation}`]
  })
  return `# Settings

\`npm run docs\` writes this page from \`${TABLE}\`. Every setting can be an option in code, an environment variable, or
a name in a settings file (\`KAFKA_CONFIG_FILE\`). Code takes precedence over the environment, the environment over the
file, and the file over the default.

An empty variable counts as unset. Unknown options and unknown names in a file are refused; some settings of Kafka and
Spring that have no effect here only cause a warning. One \`ConfigError\` lists all problems.

| Kafka name | environment variable | option in code | default | range | what it does |
|---|---|---|---|---|---|
${rows.join('\n')}

A setting marked secret is shown as \`[redacted]\` wherever a configuration is printed or logged. The template refuses
such a setting: keep its value in a secret (\`KAFKA_SECRET_ARN\`).

\`KAFKA_FUNCTION_TIMEOUT_MS\`, which the template sets, is the timeout of the function. If it leaves no time for one
attempt besides the reserve, init fails.

## Where a default differs from the Java client's

${deviations.join('\n')}
`
}

if (import.meta.main) {
  writeFileSync(OPTIONS, optionsSource())
  writeFileSync(DOCUMENT, settingsDocument())
}
