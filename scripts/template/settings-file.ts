// Turns the settings of KAFKA_CONFIG_FILE into environment variables of the functions, because the packages don't
// contain the file, and because the roles depend on the settings.
import { SETTINGS } from '../../lib/config/settings.ts'
import { readSettingsFile } from '../../lib/config/settings-file.ts'
import { ConfigError } from '../../lib/errors.ts'

/**
 * Reads the file.
 * @returns the environment with the settings of the file; as in a function, the environment takes precedence
 * @throws ConfigError
 */
export async function withSettingsFile(
  env: NodeJS.ProcessEnv,
  warn: (text: string) => void = console.warn,
): Promise<NodeJS.ProcessEnv> {
  const { KAFKA_CONFIG_FILE: path, ...environment } = env
  if (!path) return env
  const { values, problems, warnings } = await readSettingsFile(path, env)
  if (problems.length > 0) throw new ConfigError(problems)
  for (const warning of warnings) warn(warning)
  const ofFile = Object.entries(values).map(([option, value]) => [
    SETTINGS[option as keyof typeof SETTINGS].env,
    String(value),
  ])
  const set = Object.entries(environment).filter(([, value]) => value !== '')
  return { ...Object.fromEntries(ofFile), ...Object.fromEntries(set) }
}
