import type { words as chinese } from '../zh-cn/patrol.ts'

export const words: Readonly<Record<keyof typeof chinese, string>> = {
  'patrol.onDuty': 'On duty (tap to go off)',
  'patrol.goOnDuty': 'Go on duty',
  'patrol.soundOn': 'The sound is off; tap to turn it on',
  'patrol.none': 'No case is assigned to you. Keep this page open while on duty.',
  'patrol.picture': 'See the place',
  'patrol.closePicture': 'Close the picture',
  'patrol.still': 'Take a still',
  'patrol.stillAlt': 'Still of “{name}”',
  'patrol.navigate': 'Navigate',

  'patrolStep.accept': 'Accept',
  'patrolStep.decline': 'Cannot go',
  'patrolStep.en-route': 'On my way',
  'patrolStep.on-site': 'I am there',
  'patrolStep.request-close': 'Ask to close',

  'selfTest.allWell': 'Self-test: all well',
  'selfTest.faults': 'Self-test: attention needed ({n})',
  'selfTest.link': 'The gateway is connected; alarms arrive',
  'selfTest.noLink': 'Not connected: go where there is a signal',
  'selfTest.sound': 'The sound is on',
  'selfTest.noSound': 'The sound is off: tap the button below',
  'selfTest.clock': "The phone's clock is right",
  'selfTest.wrongClock': "The phone's clock is wrong: set it by the network",
  'selfTest.awake': 'The screen is held on',
  'selfTest.notAwake': "The screen may go dark: lengthen that in the phone's settings",
  'selfTest.vibration': 'It vibrates with an alarm',
  'selfTest.noVibration': 'This browser cannot vibrate: mind the sound',
  'selfTest.offline': 'The page opens without a signal too',
  'selfTest.noOffline': 'It will not open without a signal: keep it open',
}
