/** Of the sender: `delivery.timeout.ms`. Short, so that outages end in dead letters. */
export const DELIVERY_MS = 6000
