import { sendOne } from './send'

test('a record is sent', async () => {
  expect(await sendOne()).toBe('paid')
})
