// A settings file in Spring's form (YAML or properties), or a Java client's properties → the settings of the table.
// Names are read as Spring reads them: `bootstrap-servers`, `bootstrap.servers` and `bootstrapServers` are one.
import { readFile } from 'node:fs/promises'
import { importCommonJs } from '../record/import-common-js.ts'
import { isJsonObject, type JsonObject } from '../record/json-object.ts'
import { type OptionName, SETTING_ROWS, type SettingRow } from './settings.ts'

export interface SettingsFile {
  readonly values: { readonly [K in OptionName]?: string | number | boolean | readonly string[] }
  readonly problems: readonly string[]
}

/** Sections of `spring.kafka` that do not concern a producer. */
const OTHER_SECTIONS = /^(?:consumer|listener|admin|streams|jaas|retry\.topic)\./
/** Sections that only group: `producer.properties.linger.ms` is `linger.ms`. A later one in the list overrides. */
const GROUPS = ['properties', 'template', 'producer', 'producer.properties'] as const
/** Spring's data sizes. */
const SIZES: Readonly<Record<string, number>> = { B: 1, KB: 1024, MB: 1024 * 1024, GB: 1024 ** 3 }

const ROWS: ReadonlyMap<string, readonly [OptionName, SettingRow]> = new Map(
  SETTING_ROWS.filter(([option]) => option !== 'configFile').flatMap(row => [
    [relaxed(row[0]), row],
    [relaxed(row[1].name.replace(/^KAFKA_/, '')), row],
  ]),
)

export async function readSettingsFile(path: string): Promise<SettingsFile> {
  try {
    const text = await readFile(path, 'utf8')
    return /\.ya?ml$/i.test(path) ? await readYaml(text) : await readProperties(text)
  } catch (error) {
    // Without the parser's message, which quotes the file.
    const why = (error as NodeJS.ErrnoException).code ?? (error as Error).name
    return {
      values: {},
      problems: [`KAFKA_CONFIG_FILE: expected a settings file as YAML or properties; it can't be read (${why}).`],
    }
  }
}

async function readYaml(text: string): Promise<SettingsFile> {
  const { parse } = await importCommonJs(import('yaml'))
  const root: unknown = parse(text)
  const spring = isJsonObject(root) && isJsonObject(root.spring) ? root.spring.kafka : undefined
  const section = spring ?? (isJsonObject(root) ? root.kafka : undefined)
  if (!isJsonObject(section))
    return { values: {}, problems: ['KAFKA_CONFIG_FILE: expected a section spring.kafka or kafka, got none.'] }
  return toSettings(flatten(section))
}

async function readProperties(text: string): Promise<SettingsFile> {
  const { parse } = await importCommonJs(import('dot-properties'))
  const all = Object.entries(parse(text) as Record<string, string>)
  const sprung = all.flatMap(([name, value]): [string, string][] => {
    const match = /^(?:spring\.)?kafka\.(.+)$/.exec(name)
    return match ? [[match[1] as string, value]] : []
  })
  return toSettings(sprung.length > 0 ? sprung : all)
}

function flatten(section: JsonObject, prefix = ''): [string, unknown][] {
  return Object.entries(section).flatMap(([name, value]): [string, unknown][] =>
    isJsonObject(value) ? flatten(value, `${prefix}${name}.`) : [[`${prefix}${name}`, value]],
  )
}

function toSettings(entries: readonly (readonly [string, unknown])[]): SettingsFile {
  const values: Record<string, string | number | boolean | readonly string[]> = {}
  const problems: string[] = []
  const producerEntries = entries
    .filter(([name]) => !OTHER_SECTIONS.test(name))
    .map(([name, value]) => ({ ...grouped(name), name, value }))
  for (const { name, setting, value } of producerEntries.sort((a, b) => a.rank - b.rank)) {
    const [option, row] = ROWS.get(relaxed(setting)) ?? []
    if (value === null || value === '') continue
    if (!option) problems.push(`KAFKA_CONFIG_FILE: ${name} is not a known setting.`)
    else if (Array.isArray(value)) values[option] = value.map(String)
    else if (typeof value === 'string') values[option] = row?.unit === 'bytes' ? inBytes(value) : value
    else if (typeof value === 'number' || typeof value === 'boolean') values[option] = value
    else
      problems.push(`KAFKA_CONFIG_FILE: ${name}: expected text, a number, true, false or a list, got ${typeof value}.`)
  }
  return { values: values as SettingsFile['values'], problems }
}

function grouped(name: string): { setting: string; rank: number } {
  for (let rank = GROUPS.length - 1; rank >= 0; rank--) {
    const prefix = `${GROUPS[rank]}.`
    if (name.startsWith(prefix)) return { setting: name.slice(prefix.length), rank: rank + 1 }
  }
  return { setting: name, rank: 0 }
}

/** 64KB → 65536; any other text is left to the check of the setting. */
function inBytes(value: string): string | number {
  const size = /^(\d+)(B|KB|MB|GB)$/.exec(value)
  return size ? Number(size[1]) * (SIZES[size[2] as string] as number) : value
}

function relaxed(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '')
}
