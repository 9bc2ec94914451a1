import type { words as chinese } from '../zh-cn/alarm.ts'

export const words: Readonly<Record<keyof typeof chinese, string>> = {
  'alarm.activeHeading': 'Active alarms',
  'alarm.clearedHeading': 'Cleared',
  'alarm.cleared': 'cleared',
  'alarm.none': 'No active alarm · last checked {time}',
  'alarm.show': 'Open {name} on the selected tile',

  'alarmType.intrusion': 'Intrusion',
  'alarmType.panic-button': 'Panic button',
  'alarmType.motion': 'Motion',
  'alarmType.line-crossing': 'Line crossing',
  'alarmType.tamper': 'Tampering',
  'alarmType.video-loss': 'Video loss',
  'alarmType.audio': 'Unusual sound',
  'alarmType.smoke': 'Smoke',
  'alarmType.gas': 'Gas',
  'alarmType.water-level': 'Water level',
  'alarmType.door': 'Door',
  'alarmType.device-offline': 'Device offline',
  'alarmType.source-silent': 'Alarm source silent',
  'alarmType.storage-failure': 'Storage failure',
  'alarmType.other': 'Other',

  'priority.1': 'P1 urgent',
  'priority.2': 'P2 important',
  'priority.3': 'P3 normal',
  'priority.4': 'P4 notice',
}
