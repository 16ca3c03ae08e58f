// The program of the HTTP function, with a contract for the topic `chat`.
import { provideContracts } from './compiled-contracts.ts'
import { contractsFedBy } from './contracts.ts'

provideContracts(contractsFedBy({ chat: {} }))
await import('../../functions/http/server.ts')
