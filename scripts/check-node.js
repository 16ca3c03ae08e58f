// Preloaded by every npm script (--import), as plain JavaScript: a Node that can't run TypeScript still says what to do.

/** @param {string} version e.g. "24.21.0" */
export function nodeProblem(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 18)) return undefined
  return `Node ${version} runs this script; 22.18 or newer is needed. Run it through npm (npm start), which uses the "node" package of devDependencies. If that package is not there, install without --ignore-scripts: its install script fetches the binary.`
}

const problem = nodeProblem(process.versions.node)
if (problem !== undefined) {
  console.error(problem)
  process.exit(1)
}
