// npm run verify:aws: deploys a package to a stage of its own, runs every check, and removes the stack.
import { ConfigError } from '../../lib/errors.ts'
import type { Account } from './account.ts'
import { CHECKS, type Check } from './checks.ts'

export interface Verification {
  /** The value of `--account`. */
  readonly accountId: string | undefined
  readonly isConfirmed: boolean
  readonly log: (line: string) => void
  readonly checks?: readonly Check[]
}

/**
 * Verifies a deployment. The stack is removed whatever the checks find. Retained resources stay.
 * @returns whether every step succeeded
 * @throws ConfigError if `--account` or `--yes` is missing, the credentials are of another account, or the stage has a
 *   stack; nothing is changed then
 */
export async function verify(account: Account, verification: Verification): Promise<boolean> {
  const { log, checks = CHECKS } = verification
  await checkPreconditions(account, verification)
  let failed = 0
  const step = async (name: string, act: () => Promise<void>): Promise<boolean> => {
    try {
      await act()
      log(`ok      ${name}`)
      return true
    } catch (error) {
      failed++
      log(`FAILED  ${name}: ${error instanceof Error ? error.message : String(error)}`)
      return false
    }
  }
  const isDeployed = await step('the package is deployed', () => account.deploy())
  const stack = await account.findStack()
  if (isDeployed && stack) for (const { name, run } of checks) await step(name, () => run(account, stack))
  if (stack) {
    await step('the stack is removed', () => account.remove())
    const retained = stack.resources.filter(({ isRetained }) => isRetained)
    for (const { type, physicalId } of retained) log(`stays   ${type} ${physicalId}`)
  }
  log(failed === 0 ? 'Every step succeeded.' : `${failed} steps failed.`)
  return failed === 0
}

async function checkPreconditions(account: Account, { accountId, isConfirmed }: Verification): Promise<void> {
  if (accountId === undefined || !isConfirmed)
    throw new ConfigError([
      'npm run verify:aws: expected --account <id> and --yes: it creates resources that cost money, sends records to ' +
        'the cluster of the package, and removes the stack at the end.',
    ])
  const actual = await account.accountId()
  if (actual !== accountId)
    throw new ConfigError([`--account: expected the account of the credentials, ${actual}; got ${accountId}.`])
  if ((await account.findStack()) !== undefined)
    throw new ConfigError(['--stage: expected one without a stack, as the stack is removed at the end; this has one.'])
}
