import type { words as chinese } from '../zh-cn/handover.ts'

export const words: Readonly<Record<keyof typeof chinese, string>> = {
  'handover.title': 'Handover of the shift',
  'handover.openCases': 'Open cases ({n})',
  'handover.deadFeeds': 'Cameras without a picture ({n})',
  'handover.noDeadFeeds': 'Every camera gives a picture',
  'handover.notes': 'Notes for the next shift',
  'handover.notesHint': 'What was reported, who was called, what to keep an eye on',
  'handover.outgoing': 'Outgoing: {name} (this session is the signature)',
  'handover.incoming': 'The incoming operator signs with their own password',
  'handover.sign': 'Sign and hand over',
  'handover.signing': 'Handing over…',
  'handover.effect':
    'After that this desk is signed in as the incoming operator, and the outgoing operator is signed out.',
  'handover.past': 'Past handovers',
  'handover.none': 'No handovers yet',
  'handover.record': '{time} {outgoing} to {incoming}',
  'handover.signedOutgoing': 'Outgoing, signed: {name} {time}',
  'handover.signedIncoming': 'Incoming, signed: {name} {time}',
  'handover.print': 'Print',
}
