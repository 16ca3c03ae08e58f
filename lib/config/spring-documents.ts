// The documents of a settings file (`---` in YAML, `#---` in properties) as one list of properties: those of the active
// profiles, in order. https://docs.spring.io/spring-boot/reference/features/external-config.html
export type Properties = readonly (readonly [name: string, value: unknown])[]

const ON_PROFILE = 'spring.config.activate.on-profile'
const ON_CLOUD = 'spring.config.activate.on-cloud-platform'

const UNSUPPORTED = 'KAFKA_CONFIG_FILE: a document has a condition that is not supported'

/** @param problem called with conditions that are not supported: such a document is left out */
export function activeProperties(
  documents: readonly Properties[],
  env: NodeJS.ProcessEnv,
  problem: (text: string) => void,
): Properties {
  const lastOf = (properties: Properties, name: string) => properties.findLast(([other]) => other === name)?.[1]
  const named = env.SPRING_PROFILES_ACTIVE || lastOf(documents.flat(), 'spring.profiles.active') || 'default'
  const profiles = String(named)
    .split(',')
    .map(profile => profile.trim())
  return documents.flatMap(properties => {
    const condition = lastOf(properties, ON_PROFILE)
    const isPlain = !/[()]/.test(String(condition ?? '')) && lastOf(properties, ON_CLOUD) === undefined
    if (!isPlain) problem(`${UNSUPPORTED}: ${ON_PROFILE} with parentheses, or ${ON_CLOUD}.`)
    return isPlain && (condition === undefined || matches(String(condition), profiles)) ? properties : []
  })
}

/** `a`, `!a`, `a & b`, `a | b`; a comma is an or. */
function matches(expression: string, profiles: readonly string[]): boolean {
  const isActive = (term: string) => {
    const name = term.trim()
    return name.startsWith('!') ? !profiles.includes(name.slice(1).trim()) : profiles.includes(name)
  }
  return expression.split(/[,|]/).some(all => all.split('&').every(isActive))
}

/** Nested names as Spring writes them with dots. */
export function flatten(section: unknown, prefix = ''): [string, unknown][] {
  if (typeof section !== 'object' || section === null) return []
  return Object.entries(section).flatMap(([name, value]): [string, unknown][] =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
      ? flatten(value, `${prefix}${name}.`)
      : [[`${prefix}${name}`, value]],
  )
}
