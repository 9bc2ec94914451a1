/** Every MQTT topic of Gridlight, in one place; `docs/ref/mqtt.md` tells the same for people. */
export const ALARM_INPUTS = 'gridlight/v1/in/+/alarm'
export const HEARTBEAT_INPUTS = 'gridlight/v1/in/+/heartbeat'
/** What a consumer with a token may subscribe to, whole or in part. */
export const OUTPUT_ROOT = 'gridlight/v1/out/'

export const alarmInput = (sourceId: string): string => `gridlight/v1/in/${sourceId}/alarm`
export const rejectedOutput = (sourceId: string): string => `gridlight/v1/rejected/${sourceId}`
export const cellAlarms = (cellCode: string): string => `${OUTPUT_ROOT}cells/${cellCode}/alarms`
export const cellCases = (cellCode: string): string => `${OUTPUT_ROOT}cells/${cellCode}/cases`
export const cameraState = (cameraId: string): string => `${OUTPUT_ROOT}cameras/${cameraId}/state`
/** News for the owner of a private feed. */
export const linkFirstView = (linkId: string): string => `${OUTPUT_ROOT}links/${linkId}/first-view`
export const gatewayState = (gatewayId: string): string => `${OUTPUT_ROOT}gateways/${gatewayId}/state`

export interface InputTopic {
  sourceId: string
  kind: 'alarm' | 'heartbeat'
}

const INPUT = /^gridlight\/v1\/in\/([^/+#]{1,64})\/(alarm|heartbeat)$/

/** What a topic under `gridlight/v1/in/` says, or undefined for any other topic. */
export function parseInput(topic: string): InputTopic | undefined {
  const [, sourceId, kind] = INPUT.exec(topic) ?? []
  return sourceId !== undefined && (kind === 'alarm' || kind === 'heartbeat') ? { sourceId, kind } : undefined
}

/** What a transport says of a message beside its bytes. */
export interface Delivery {
  idempotencyKey?: string | undefined
  /** The broker had it before anybody listened (MQTT 3.1.1 §3.3.1.3), and sends it at every new subscription. */
  isRetained?: boolean
}

/** A message on its way out; QoS 1 always. */
export interface OutgoingMessage {
  topic: string
  payload: string
  retain: boolean
}
