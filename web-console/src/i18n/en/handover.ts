import type { words as chinese } from '../zh-cn/handover.ts'

export const words: Readonly<Record<keyof typeof chinese, string>> = {
  'handover.title': 'Handover of the shift',
  'handover.openCases': 'Open cases ({n})',
  'handover.deadFeeds': 'Cameras without a picture ({n})',
  'handover.noDeadFeeds': 'Every camera gives a picture',
  'handover.notes': 'Word to the next shift',
  'handover.notesHint': 'What was reported, who was called, what to keep an eye on',
  'handover.outgoing': 'Goes: {name} (signed by this session)',
  'handover.incoming': 'Who comes signs with their own password',
  'handover.sign': 'Sign both and hand over',
  'handover.signing': 'Handing over…',
  'handover.effect':
    'After that this desk is signed in as the person who came; the session of the one who went is over.',
  'handover.past': 'Handovers before',
  'handover.none': 'There was no handover yet',
  'handover.record': '{time} {outgoing} to {incoming}',
  'handover.signedOutgoing': 'Signed, who goes: {name} {time}',
  'handover.signedIncoming': 'Signed, who comes: {name} {time}',
  'handover.print': 'Print',
}
