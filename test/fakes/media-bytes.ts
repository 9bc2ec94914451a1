import type { MediaAnswer } from '../../gateway/hls/answer.ts'

/** What a viewer gets of an answer, in one piece. */
export const bytesOf = ({ body }: Extract<MediaAnswer, { kind: 'found' }>): Buffer =>
  typeof body === 'string' ? Buffer.from(body, 'ascii') : Buffer.concat(body)
