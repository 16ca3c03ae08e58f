/** The sender's `delivery.timeout.ms`. Short, so that outages lead to dead letters. */
export const DELIVERY_MS = 6000
