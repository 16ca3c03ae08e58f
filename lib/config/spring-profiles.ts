// Which profiles of Spring are active: those that are named, included, or of a group; else the default ones.
// https://docs.spring.io/spring-boot/reference/features/profiles.html
import type { Properties } from './spring-documents.ts'
import { environmentName, lookUpIn, resolvePlaceholders } from './spring-placeholders.ts'

const PREFIX = 'spring.profiles.'

/**
 * @param properties of the documents without a condition: Spring takes these names from no other
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
  // A set also gives what is added while it is read: groups may have groups.
  for (const profile of all) for (const member of namesOf(`group.${profile}`)) all.add(member)
  return all.size > 0 ? [...all] : ['default']
}

/** A list has one variable per item there: `SPRING_PROFILES_ACTIVE_0_`. */
function fromEnvironment(property: string, env: NodeJS.ProcessEnv): string | undefined {
  const name = environmentName(property)
  const items: string[] = []
  for (let item: string | undefined; ; items.push(item)) {
    item = env[`${name}_${items.length}_`] ?? env[`${name}_${items.length}`]
    if (item === undefined) break
  }
  return env[name] || items.join()
}

/** Spring's relaxed names; that of a group is a profile's, letter by letter. */
function isSame(name: string, property: string): boolean {
  return name === property || (!property.startsWith(`${PREFIX}group.`) && name.toLowerCase() === property)
}
