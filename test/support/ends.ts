// Loaded before each test file: a file whose tests have ended, but which something still keeps running (a server that a
// failed test did not stop), is ended with the names of what is open, so that it can't block the files after it.
import { after } from 'node:test'

const AFTER_MS = 60_000

if (/\.test\.ts$/.test(process.argv[1] ?? ''))
  after(() => {
    setTimeout(() => {
      console.error(`${process.argv[1]} did not end: ${process.getActiveResourcesInfo().join(', ')}`)
      process.exit(1)
    }, AFTER_MS).unref()
  })
