// TypeScript's older resolution, which does not read `exports`.
import { sendOne } from './send'

void sendOne()
