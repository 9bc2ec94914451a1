import type { words as chinese } from '../zh-cn/consent.ts'

export const words: Readonly<Record<keyof typeof chinese, string>> = {
  'invitation.explain': 'Give this link to the owner. It is shown this once and is good until {time}:',
  'invitation.qr': 'QR code of the owner’s invitation',
  'invitation.link': 'Invitation link',
  'invitation.print': 'Print the invitation',
  'invitation.again': 'Invite again',
  'invitation.title': 'Invitation to the owner of “{name}”',
  'invitation.what':
    'The public-safety centre asks to see this camera of yours. Whether you agree, and to how much, is for you to decide.',
  'invitation.scan': 'Scan the code with your phone, or open this address in a browser:',
  'invitation.until': 'Open it before {time}. This page is a key: give it to nobody else.',
  'invitation.rights':
    'Every view needs a written reason and is recorded, and you can read the record here. Nothing from before the consent is given out.',

  'print.print': 'Print',
  'print.madeAt': 'made at {time} (UTC+8)',
  'print.register': 'Print the register',

  'scope.live': 'live view',
  'scope.snapshot': 'snapshots',
  'scope.alarm-clip': 'alarm clips',
  'scope.ptz': 'camera steering',
  'scope.audio': 'sound',
}
