// Reads a settings file (Spring's YAML or properties, or a Java client's properties) into the settings of the table. As
// in Spring, `bootstrap-servers`, `bootstrap.servers` and `bootstrapServers` are the same name.
import { readFile } from 'node:fs/promises'
import { importCommonJs } from '../record/import-common-js.ts'
import { nearestTo } from '../record/nearest-name.ts'
import { FIXED_SETTINGS, OTHER_SECTIONS, WITHOUT_EFFECT } from './foreign-settings.ts'
import { CONFLUENT_NAMES, GLUE_NAMES, GLUE_SERIALIZER, GLUE_WITHOUT_EFFECT } from './registry-names.ts'
import { type OptionName, SETTING_ROWS, SETTINGS, type SettingRow } from './settings.ts'
import { shown } from './shown.ts'
import { activeProperties, flatten, type Properties } from './spring-documents.ts'
import { lookUpIn, resolvePlaceholders, UnresolvedPlaceholder } from './spring-placeholders.ts'

export interface SettingsFile {
  readonly values: { readonly [K in OptionName]?: string | number | boolean | readonly string[] }
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
}

/** Sections that only group: `producer.properties.linger.ms` is `linger.ms`. A later one in the list overrides. */
const GROUPS = ['properties', 'template', 'producer', 'producer.properties'] as const
/** Spring's data sizes. */
const SIZES: Readonly<Record<string, number>> = { B: 1, KB: 1024, MB: 1024 * 1024, GB: 1024 ** 3 }
/** The other booleans that Spring's conversion and YAML 1.1 accept. */
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['yes', true],
  ['on', true],
  ['no', false],
  ['off', false],
])
const FILE = 'KAFKA_CONFIG_FILE'

type Rows = ReadonlyMap<string, readonly [OptionName, SettingRow]>

const ROWS: Rows = new Map(
  SETTING_ROWS.filter(([option]) => option !== 'configFile').flatMap(row => [
    [relaxed(row[0]), row],
    [relaxed(row[1].name.replace(/^KAFKA_/, '')), row],
  ]),
)
const FOREIGN_ROWS = rowsOf(CONFLUENT_NAMES)
const FOREIGN_ROWS_WITH_GLUE = rowsOf([...CONFLUENT_NAMES, ...GLUE_NAMES])
const NAMES = SETTING_ROWS.map(([, { name }]) =>
  name
    .replace(/^KAFKA_/, '')
    .toLowerCase()
    .replaceAll('_', '.'),
)

/** @param env for placeholders and active profiles */
export async function readSettingsFile(path: string, env: NodeJS.ProcessEnv = process.env): Promise<SettingsFile> {
  try {
    const text = await readFile(path, 'utf8')
    return /\.ya?ml$/i.test(path) ? await readYaml(text, env) : await readProperties(text, env)
  } catch (error) {
    // The parser's message is left out, because it quotes the file.
    const why = (error as NodeJS.ErrnoException).code ?? (error as Error).name
    return failed(`expected a settings file as YAML or properties; it can't be read (${why}).`)
  }
}

async function readYaml(text: string, env: NodeJS.ProcessEnv): Promise<SettingsFile> {
  const { parseAllDocuments } = await importCommonJs(import('yaml'))
  const documents = [...parseAllDocuments(text)].map(document => {
    const [error] = document.errors
    if (error) throw error
    return flatten(document.toJS())
  })
  return readSpring(documents, env) ?? failed('expected a section spring.kafka or kafka, got none.')
}

async function readProperties(text: string, env: NodeJS.ProcessEnv): Promise<SettingsFile> {
  const { parse } = await importCommonJs(import('dot-properties'))
  const documents = text.split(/^[#!]---\s*$/m).map(part => indexed(Object.entries(parse(part) as object)))
  // Kafka trims values (ConfigDef.parseType); java.util.Properties keeps the spaces.
  return readSpring(documents, env) ?? toSettings(documents.flat(), value => value.trim())
}

/** @returns undefined if no property belongs to Spring */
function readSpring(documents: readonly Properties[], env: NodeJS.ProcessEnv): SettingsFile | undefined {
  const problems: string[] = []
  const all = activeProperties(documents, env, text => problems.push(text))
  const names = documents.flatMap(properties => properties.map(([name]) => name))
  // A file of a Java client may contain names that begin with `kafka.` and belong to something else.
  const isJava = names.includes('bootstrap.servers')
  const prefix = ['spring.kafka.', ...(isJava ? [] : ['kafka.'])].find(start =>
    names.some(name => name.startsWith(start)),
  )
  if (prefix === undefined) return undefined
  const section = all.flatMap(([name, value]): [string, unknown][] =>
    name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
  )
  const settings = toSettings(section, text => resolvePlaceholders(text, lookUpIn(all, env)))
  const imports = all.some(([name]) => name.startsWith('spring.config.import'))
    ? [`${FILE}: spring.config.import is not supported: the imported files have no effect here.`]
    : []
  const warnings = [...settings.warnings, ...overridesOf(env), ...imports]
  return { ...settings, problems: [...problems, ...settings.problems], warnings }
}

/**
 * Finds Spring's environment variables for these settings. In Spring they override the file; here only KAFKA_…
 * variables do.
 */
function overridesOf(env: NodeJS.ProcessEnv): string[] {
  const names = Object.keys(env).filter(name => name.startsWith('SPRING_KAFKA_') && env[name] !== undefined)
  if (names.length === 0) return []
  return [`${FILE}: ${listOf(names, 'has', 'have')} no effect here; expected the names of docs/settings.md, KAFKA_….`]
}

/** `bootstrap-servers[0]`, `bootstrap-servers[1]` → a list. */
function indexed(entries: Properties): Properties {
  const lists = new Map<string, unknown>()
  for (const [name, value] of entries) {
    const list = /^(.+)\[\d+\]$/.exec(name)?.[1]
    if (list === undefined) lists.set(name, value)
    else lists.set(list, [...((lists.get(list) as unknown[] | undefined) ?? []), value])
  }
  return [...lists]
}

function toSettings(entries: Properties, resolve: (text: string) => string): SettingsFile {
  const values: Record<string, string | number | boolean | readonly string[]> = {}
  const problems = new Set<string>()
  const unknown = new Set<string>()
  const ignored = new Set<string>()
  const producerEntries = entries
    .filter(([name]) => !OTHER_SECTIONS.test(name))
    .map(([name, value]) => ({ ...grouped(withoutBrackets(name)), name, value }))
  const hasGlue = producerEntries.some(({ setting, value }) => isGlueSerializer(setting, value, resolve))
  const foreign = hasGlue ? FOREIGN_ROWS_WITH_GLUE : FOREIGN_ROWS
  // If the file has two names for a setting, the name of the table takes precedence.
  const rankOf = ({ rank, setting }: { rank: number; setting: string }) =>
    2 * rank + (ROWS.has(relaxed(setting)) ? 1 : 0)
  for (const { name, setting, value } of producerEntries.sort((a, b) => rankOf(a) - rankOf(b))) {
    const [option, row] = ROWS.get(relaxed(setting)) ?? foreign.get(relaxed(setting)) ?? []
    if (value === null || value === '') continue
    try {
      const resolved = resolveIn(value, resolve)
      const fixed = FIXED_SETTINGS.get(relaxed(setting))
      if (option && row && isAccepted(resolved)) values[option] = asSetting(option, row, resolved)
      else if (option)
        problems.add(`${FILE}: ${name}: expected text, a number, true, false or a list, got ${typeof resolved}.`)
      else if (fixed && !fixed.test(String(resolved)))
        problems.add(`${FILE}: ${name}: expected ${expectedOf(fixed)}, got ${shown(resolved)}.`)
      else if (WITHOUT_EFFECT.test(setting) || (hasGlue && GLUE_WITHOUT_EFFECT.test(setting))) ignored.add(name)
      else if (!fixed) unknown.add(name)
    } catch (error) {
      if (!(error instanceof UnresolvedPlaceholder)) throw error
      problems.add(`${FILE}: ${name}: ${error.message}`)
    }
  }
  if (unknown.size > 0) {
    const near = [...unknown].map(nearestSetting).filter(name => name !== undefined)
    const hint = near.length > 0 ? `; did you mean ${[...new Set(near)].join(', ')}?` : '.'
    problems.add(`${FILE}: ${listOf([...unknown], 'is not a known setting', 'are not known settings')}${hint}`)
  }
  const warnings = ignored.size > 0 ? [`${FILE}: ${listOf([...ignored], 'has', 'have')} no effect here.`] : []
  return { values: values as SettingsFile['values'], problems: [...problems], warnings }
}

function isGlueSerializer(setting: string, value: unknown, resolve: (text: string) => string): boolean {
  if (!/^(?:key|value)serializer$/.test(relaxed(setting)) || typeof value !== 'string') return false
  try {
    return GLUE_SERIALIZER.test(resolve(value))
  } catch (error) {
    // `readValue` reports it with the setting's name.
    if (error instanceof UnresolvedPlaceholder) return false
    throw error
  }
}

function resolveIn(value: unknown, resolve: (text: string) => string): unknown {
  if (Array.isArray(value)) return value.map(one => resolveIn(one, resolve))
  return typeof value === 'string' ? resolve(value) : value
}

function isAccepted(value: unknown): value is string | number | boolean | readonly unknown[] {
  return Array.isArray(value) || ['string', 'number', 'boolean'].includes(typeof value)
}

function asSetting(
  option: OptionName,
  { unit, kind }: SettingRow,
  value: string | number | boolean | readonly unknown[],
): string | number | boolean | readonly string[] {
  if (typeof value === 'object') return value.flatMap(one => String(one).split(','))
  if (typeof value !== 'string') return value
  // AWS accepts upper and lower case.
  if (option === 'glueCompression') return value.toLowerCase()
  if (option === 'glueDataFormat') return value.toUpperCase()
  if (kind === 'boolean') return BOOLEANS.get(value.toLowerCase()) ?? value
  // Spring writes paths as `file:` URLs.
  if (option.endsWith('Location')) return value.replace(/^file:(?:\/\/(?=\/))?/, '')
  return unit === 'bytes' ? inBytes(value) : value
}

function nearestSetting(name: string): string | undefined {
  return nearestTo(grouped(name).setting.replaceAll('-', '.'), NAMES)
}

function listOf(names: readonly string[], one: string, several: string): string {
  return `${names.join(', ')} ${names.length === 1 ? one : several}`
}

function expectedOf(pattern: RegExp): string {
  return pattern.source.replaceAll(/[\^$\\]|\.\*/g, '')
}

function failed(text: string): SettingsFile {
  return { values: {}, problems: [`${FILE}: ${text}`], warnings: [] }
}

/** `properties[sasl.mechanism]` → `properties.sasl.mechanism` */
function withoutBrackets(name: string): string {
  return name.replaceAll(/\[([a-z][^\]]*)\]/gi, '.$1')
}

function grouped(name: string): { setting: string; rank: number } {
  for (let rank = GROUPS.length - 1; rank >= 0; rank--) {
    const prefix = `${GROUPS[rank]}.`
    if (name.startsWith(prefix)) return { setting: name.slice(prefix.length), rank: rank + 1 }
  }
  return { setting: name, rank: 0 }
}

/** 64KB → 65536. Any other text is returned as it is: the check of the setting reports it. */
function inBytes(value: string): string | number {
  const size = /^(\d+)(B|KB|MB|GB)$/.exec(value)
  return size ? Number(size[1]) * (SIZES[size[2] as string] as number) : value
}

function rowsOf(names: readonly (readonly [name: string, OptionName])[]): Rows {
  return new Map(names.map(([name, option]) => [relaxed(name), [option, SETTINGS[option]]]))
}

function relaxed(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '')
}
