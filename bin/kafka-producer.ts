#!/usr/bin/env node
// Checks the Node.js version before it loads anything that an older version can't parse.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major > 22 || (major === 22 && minor >= 19)) await import('./command.ts')
else {
  console.error(`kafka-producer: expected Node.js 22.19 or newer, got ${process.versions.node}.`)
  process.exitCode = 1
}

export {}
