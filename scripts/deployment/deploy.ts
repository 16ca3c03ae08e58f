// Deploys a package that was built before, or has just been built.
import { osls, type Target } from './osls.ts'
import { BUILT_FOLDER, stagePackage } from './package-folder.ts'

/**
 * Deploys a package.
 * @param folder of the package, which is not changed
 */
export function deployPackage(folder: string, target: Target, oslsOptions: readonly string[]): void {
  osls('deploy', target, ['--package', BUILT_FOLDER, ...oslsOptions], stagePackage(folder, new Date()))
}
