// API Gateway v1 and v2, function URL, ALB and VPC Lattice → Kafka. Wiring only.
import { closeOnSigterm } from '../../lib/lambda/close-on-sigterm.ts'
import { createServices } from '../create-services.ts'
import { createHttpHandler } from './create-http-handler.ts'

const services = await createServices('http')
closeOnSigterm(services.factory)

export const handler = createHttpHandler(services)
