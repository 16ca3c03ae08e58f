// npm run check-release -- v1.2.3
// Lists what package.json lacks before this tag can be published, and exits with status 1 if anything is missing. The
// release workflow runs it first. docs/upgrading.md explains each line.
import { existsSync, readFileSync } from 'node:fs'

export interface Manifest {
  readonly version: string
  readonly private?: boolean
  readonly repository?: string | { readonly url?: string }
}

/**
 * @param tag the tag of the release
 * @param repository where the workflow runs, `owner/name`; undefined elsewhere
 * @returns what must be changed
 */
export function releaseProblems(
  manifest: Manifest,
  tag: string | undefined,
  changelog: string,
  repository?: string,
): string[] {
  const { version, private: isPrivate, repository: named } = manifest
  const url = typeof named === 'string' ? named : named?.url
  const problems: string[] = []
  if (tag === undefined) problems.push('tag: expected one, e.g. npm run check-release -- v1.2.3.')
  else if (tag !== `v${version}`) problems.push(`version: expected that of the tag ${tag}, got ${version}.`)
  if (isPrivate === true) problems.push('private: expected none; with it, npm refuses to publish.')
  if (!url) problems.push('repository: expected the URL of this repository, with which npm compares the provenance.')
  else if (repository !== undefined && !namesRepository(url, repository))
    problems.push(`repository: expected a URL of ${repository}, where the workflow runs, got ${url}.`)
  if (!changelog.includes(`\n## [${version}]`)) problems.push(`CHANGELOG.md: expected a section [${version}].`)
  return problems
}

function namesRepository(url: string, repository: string): boolean {
  return url.replace(/\.git$/, '').endsWith(`/${repository}`) || url === `github:${repository}`
}

if (import.meta.main) {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest
  const changelog = existsSync('CHANGELOG.md') ? readFileSync('CHANGELOG.md', 'utf8') : ''
  const problems = releaseProblems(manifest, process.argv[2], changelog, process.env.GITHUB_REPOSITORY)
  for (const problem of problems) console.error(problem)
  process.exitCode = problems.length > 0 ? 1 : 0
}
