// Finds the rack of this client, once per producer: `client.rack`, or the availability zone that Lambda reports.
import type { ProducerConfig } from './config/settings.ts'
import { TransportError } from './errors.ts'
import { availabilityZoneId } from './lambda/availability-zone.ts'
import type { Clock } from './time/clock.ts'
import type { Deadline } from './time/deadline.ts'
import { withTimeout } from './time/patient-timer.ts'

/** The value of `client.rack` that means the availability zone of the Lambda sandbox. */
export const LAMBDA_ZONE = 'lambda:az-id'

export class ClientRack {
  /** Undefined while it is unknown, or if no setting uses it. */
  name: string | undefined
  /** The request to Lambda while it is in progress; the first records wait for it. */
  loading: Promise<void> | undefined

  /** @param warn called if Lambda does not report the zone; records then go to leaders in every rack */
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

  /**
   * Resolves when the rack is known, or the request has failed.
   * @throws TransportError at the deadline
   */
  async loaded(clock: Clock, deadline: Deadline): Promise<void> {
    if (!this.loading) return
    const late = new TransportError('deadline', 'The rack is not known yet.')
    await withTimeout(clock, deadline.remaining, this.loading, () => late).catch(error => {
      if (error !== late) throw error
    })
  }
}
