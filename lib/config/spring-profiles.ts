// Finds the active Spring profiles: those listed, included or in a group of one; without any, the default profiles.
// https://docs.spring.io/spring-boot/reference/features/profiles.html
import type { Properties } from './spring-documents.ts'
import { environmentName, lookUpIn, resolvePlaceholders } from './spring-placeholders.ts'

const PREFIX = 'spring.profiles.'

/**
 * @param properties of the documents without a condition; Spring reads these settings only there
 * @throws UnresolvedPlaceholder
 */
export function activeProfiles(properties: Properties, env: NodeJS.ProcessEnv): readonly string[] {
  const namesOf = (name: string): string[] => {
    const property = `${PREFIX}${name}`
    const value = fromEnvironment(property, env) || properties.findLast(([other]) => isSame(other, property))?.[1]
    return resolvePlaceholders(String(value ?? ''), lookUpIn(properties, env))
      .split(',')
      .map(profile => profile.trim())
      .filter(profile => profile !== '')
  }
  const named = [...namesOf('active'), ...namesOf('include')]
  const all = new Set(named.length > 0 ? named : namesOf('default'))
  // Iterating a Set includes entries added meanwhile, so groups within groups are followed.
  for (const profile of all) for (const member of namesOf(`group.${profile}`)) all.add(member)
  return all.size > 0 ? [...all] : ['default']
}

/** In the environment a list has one variable per item: `SPRING_PROFILES_ACTIVE_0_`. */
function fromEnvironment(property: string, env: NodeJS.ProcessEnv): string | undefined {
  const name = environmentName(property)
  const items: string[] = []
  for (let item: string | undefined; ; items.push(item)) {
    item = env[`${name}_${items.length}_`] ?? env[`${name}_${items.length}`]
    if (item === undefined) break
  }
  return env[name] || items.join()
}

/** Compares names by Spring's relaxed rules; the name of a profile in a group's setting must match exactly. */
function isSame(name: string, property: string): boolean {
  return name === property || (!property.startsWith(`${PREFIX}group.`) && name.toLowerCase() === property)
}
