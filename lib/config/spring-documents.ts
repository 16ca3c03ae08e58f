// Merges the documents of a settings file (separated by `---` in YAML, `#---` in properties) that belong to the active
// profiles, in order. https://docs.spring.io/spring-boot/reference/features/external-config.html

import { UnresolvedPlaceholder } from './spring-placeholders.ts'
import { activeProfiles } from './spring-profiles.ts'

export type Properties = readonly (readonly [name: string, value: unknown])[]

const ON_PROFILE = 'spring.config.activate.on-profile'
/** All other conditions. `spring.profiles` is the form before Spring Boot 2.4; later versions refuse it too. */
const UNSUPPORTED = /^spring\.(?:config\.activate\.(?!onprofile$)|profiles(?:\[\d+\])?$)/

/** Not allowed in a document with a condition: the list of active profiles can't depend on a profile. */
const OF_ALL_PROFILES = /^spring\.profiles\.(?:active|include|default|group\.)/

/** @param problem called once per document with an unsupported condition; the document is left out */
export function activeProperties(
  documents: readonly Properties[],
  env: NodeJS.ProcessEnv,
  problem: (text: string) => void,
): Properties {
  const lastOf = (properties: Properties, name: string) =>
    properties.findLast(([other]) => relaxed(other) === relaxed(name))?.[1]
  const unconditional = documents.filter(properties => lastOf(properties, ON_PROFILE) === undefined)
  const profiles = profilesOf(unconditional.flat(), env, problem)
  return documents.flatMap(properties => {
    const condition = lastOf(properties, ON_PROFILE)
    const unsupported = /[()]/.test(String(condition ?? ''))
      ? `${ON_PROFILE} with parentheses`
      : properties.find(
          ([name]) =>
            UNSUPPORTED.test(relaxed(name)) || (condition !== undefined && OF_ALL_PROFILES.test(name.toLowerCase())),
        )?.[0]
    if (unsupported !== undefined)
      problem(
        `KAFKA_CONFIG_FILE: a document has a condition that is not supported, ${unsupported}; ` +
          `expected ${ON_PROFILE}, names with !, & and commas.`,
      )
    return unsupported === undefined && (condition === undefined || matches(String(condition), profiles))
      ? properties
      : []
  })
}

function profilesOf(
  properties: Properties,
  env: NodeJS.ProcessEnv,
  problem: (text: string) => void,
): readonly string[] {
  try {
    return activeProfiles(properties, env)
  } catch (error) {
    if (!(error instanceof UnresolvedPlaceholder)) throw error
    problem(`KAFKA_CONFIG_FILE: spring.profiles: ${error.message}`)
    return []
  }
}

/** Spring reads `on-profile`, `onProfile` and `ON_PROFILE` as one name. */
function relaxed(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, '')
}

/** `a`, `!a`, `a & b`, `a | b`; a comma is an or. */
function matches(expression: string, profiles: readonly string[]): boolean {
  const isActive = (term: string) => {
    const name = term.trim()
    return name.startsWith('!') ? !profiles.includes(name.slice(1).trim()) : profiles.includes(name)
  }
  return expression.split(/[,|]/).some(all => all.split('&').every(isActive))
}

/** Flattens nested sections into names with dots, as Spring does. */
export function flatten(section: unknown, prefix = ''): [string, unknown][] {
  if (typeof section !== 'object' || section === null) return []
  return Object.entries(section).flatMap(([name, value]): [string, unknown][] =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
      ? flatten(value, `${prefix}${name}.`)
      : [[`${prefix}${name}`, value]],
  )
}
