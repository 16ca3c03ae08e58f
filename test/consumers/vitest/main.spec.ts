import { expect, test } from 'vitest'
import { sendOne } from './send.ts'

test('a record is sent', async () => {
  expect(await sendOne()).toBe('paid')
})
