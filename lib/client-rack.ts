// The rack of this client, once per producer: `client.rack`, or what Lambda says.
import type { ProducerConfig } from './config/settings.ts'
import { TransportError } from './errors.ts'
import { availabilityZoneId } from './lambda/availability-zone.ts'
import type { Clock } from './time/clock.ts'
import type { Deadline } from './time/deadline.ts'
import { withTimeout } from './time/patient-timer.ts'

/** The value of `client.rack` that stands for the availability zone of a Lambda sandbox. */
export const LAMBDA_ZONE = 'lambda:az-id'

export class ClientRack {
  /** Undefined while it is not known, or where nothing uses it. */
  name: string | undefined
  /** The question to Lambda, while it is open: the first records wait for it. */
  loading: Promise<void> | undefined

  /** @param warn called when Lambda does not say it; records then go to the leaders of every rack */
  constructor({ partitionerRackAware, clientRack }: ProducerConfig, warn: (text: string) => void) {
    if (!partitionerRackAware) return
    const rack = clientRack.trim()
    if (rack !== LAMBDA_ZONE) this.name = rack
    else
      this.loading = availabilityZoneId()
        .then(
          id => {
            this.name = id
          },
          ({ message }: Error) =>
            warn(
              `client.rack (KAFKA_CLIENT_RACK) ${LAMBDA_ZONE}: the availability zone is not known (${message}). ` +
                'Records without a key go to the leaders of every rack.',
            ),
        )
        .finally(() => {
          this.loading = undefined
        })
  }

  /** Resolves when the rack is known, or why it is not; at the latest at the deadline. */
  async loaded(clock: Clock, deadline: Deadline): Promise<void> {
    if (!this.loading) return
    const late = new TransportError('deadline', 'The rack is not known yet.')
    await withTimeout(clock, deadline.remaining, this.loading, () => late).catch(error => {
      if (error !== late) throw error
    })
  }
}
