import type { words as chinese } from '../zh-cn/transparency.ts'

export const words: Readonly<Record<keyof typeof chinese, string>> = {
  'transparency.title': 'Cameras in this township',
  'transparency.intro':
    'How many cameras are linked to the public-safety centre, and how often they are watched. Counts only, nothing about any person.',
  'transparency.off': 'This township shows no counts',
  'transparency.linksPublic': 'Public links in force',
  'transparency.linksPrivate': 'Private links in force',
  'transparency.viewsPublic': 'Views of public cameras in 30 days',
  'transparency.viewsPrivate': 'Views of private cameras in 30 days',
  'transparency.stripped': 'Event fields dropped that could name a person',
  'transparency.alarms': 'Alarms in 30 days',
  'transparency.camerasPublic': 'Public cameras',
  'transparency.camerasPrivate': 'Private cameras',
  'transparency.never': 'This system recognises no faces, plates or persons, and follows nobody.',
  'transparency.at': 'Counted at {time}',
}
