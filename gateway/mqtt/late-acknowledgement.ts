import type { MqttClient } from 'mqtt'

/** Messages between their arrival and their commit; more are not read from the socket. */
export const MAX_UNCOMMITTED = 100

/** To MQTT.js an error means: no acknowledgement now, and on with the next packet. */
const LATER = new Error('acknowledged after the commit')

/** MQTT 3.1.1 §3.4 and MQTT 5 §3.4.2.1, where a length of 2 means success. */
const puback = (messageId: number): Buffer => Buffer.from([0x40, 2, messageId >> 8, messageId & 0xff])

/**
 * Makes the client acknowledge a message after `take` has resolved to true, and never if it resolves to false.
 * MQTT.js would handle one message at a time and share no commit between them, at a twentieth of the rate; here many
 * are under way and acknowledged in the order of their arrival (MQTT-4.6.0-2).
 */
export function acknowledgeLater(
  client: MqttClient,
  take: (topic: string, payload: Buffer, isRetained: boolean) => Promise<boolean>,
): void {
  let uncommitted = 0
  let readOn: (() => void) | undefined
  let acknowledged: Promise<void> = Promise.resolve()

  const acknowledge = async (taken: Promise<boolean>, messageId: number | undefined): Promise<void> => {
    const isTaken = await taken
    uncommitted--
    readOn?.()
    readOn = undefined
    if (isTaken && messageId !== undefined && client.connected) client.stream.write(puback(messageId))
  }

  client.handleMessage = ({ topic, payload, qos, messageId, retain }, done) => {
    const taken = take(topic, Buffer.from(payload), retain)
    uncommitted++
    acknowledged = acknowledged.then(() => acknowledge(taken, qos === 0 ? undefined : messageId))
    if (uncommitted < MAX_UNCOMMITTED) done(LATER)
    else readOn = () => done(LATER)
  }
}
