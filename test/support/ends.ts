// Loaded before each test file: if a file's tests have ended, but something keeps the process alive (e.g. a server that
// a failed test did not stop), the process is ended and the open handles are printed, so that it can't block later
// files.
import { after } from 'node:test'

const AFTER_MS = 60_000

if (/\.test\.ts$/.test(process.argv[1] ?? ''))
  after(() => {
    setTimeout(() => {
      console.error(`${process.argv[1]} did not end: ${process.getActiveResourcesInfo().join(', ')}`)
      process.exit(1)
    }, AFTER_MS).unref()
  })
