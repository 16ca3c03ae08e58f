// Ends a test file at its first failure, with the test's name: the mutant is killed, and the other tests add nothing.
export default async function* report(events) {
  for await (const { type, data } of events)
    if (type === 'test:fail' && data.todo === undefined) {
      process.stdout.write(`${data.name}\n`)
      process.exit(1)
    } else if (type === 'test:pass') yield ''
}
