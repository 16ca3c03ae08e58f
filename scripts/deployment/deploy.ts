// Deploys a package that was built before, or just now.
import { osls, type Target } from './osls.ts'
import { BUILT_FOLDER, stagePackage } from './package-folder.ts'

/** @param folder of the package; it stays as it is */
export function deployPackage(folder: string, target: Target, oslsOptions: readonly string[]): void {
  osls('deploy', target, ['--package', BUILT_FOLDER, ...oslsOptions], stagePackage(folder, new Date()))
}
