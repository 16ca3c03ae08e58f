// Checks the version of Node; preloaded by every npm script (--import). Plain JavaScript, so that a Node that can't run
// TypeScript prints the advice.

/** @param {string} version e.g. "24.21.0" */
export function nodeProblem(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 18)) return undefined
  return [
    `This script needs Node 22.18 or newer; it was started with Node ${version}.`,
    'Run it through npm (npm start), which uses the "node" package of devDependencies.',
    'If that package is missing, install without --ignore-scripts: its install script downloads the binary.',
  ].join('\n')
}

const problem = nodeProblem(process.versions.node)
if (problem !== undefined) {
  console.error(problem)
  process.exit(1)
}
