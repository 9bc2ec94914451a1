import type { Actor } from '../contracts/audit.ts'
import { toInstant } from '../contracts/common.ts'
import type { NewPaperConsent, PaperConsent } from '../contracts/link.ts'
import type { Tx } from '../storage/database.ts'
import { widerThanAsked } from './consent.ts'
import { isClosed } from './lifecycle.ts'
import { type LinkResult, type Links, type LinksDeps, lockLinks } from './links.ts'
import { decidePaper, findPaper, insertPaper } from './paper-store.ts'
import { findLink, shown } from './store.ts'

/** A person who is signed in; scripts record and confirm nothing. */
export type Person = Actor & { kind: 'user'; id: string }

type Refused = Exclude<LinkResult, { kind: 'done' }>

export type RecordResult = { kind: 'recorded'; paper: PaperConsent } | Refused
export type DecideResult = LinkResult | { kind: 'same-person' | 'document-differs' | 'decided-already' }

export type PaperDeps = Pick<LinksDeps, 'database' | 'newId' | 'audit'> & { links: Links }

/**
 * Consent of an owner who signs on paper. One person records what was signed and the document's hash, another holds the
 * document itself, computes the hash anew and confirms. It serves the first word of a link that awaits one: what an owner
 * has once agreed to is changed by the owner alone.
 */
export class Papers {
  readonly #deps: PaperDeps

  constructor(deps: PaperDeps) {
    this.#deps = deps
  }

  async record(by: Person, linkId: string, asked: NewPaperConsent): Promise<RecordResult> {
    const { database, newId, audit, links } = this.#deps
    return database.transaction(async (tx): Promise<RecordResult> => {
      await lockLinks(tx)
      const link = await findLink(tx, linkId)
      if (link === undefined) return { kind: 'not-found' }
      if (link.state !== 'awaiting-consent' || link.waitingPaper !== undefined) {
        return { kind: 'illegal', state: link.state }
      }
      const what = widerThanAsked(link, asked)
      if (what !== undefined) return { kind: 'wider', what }
      const paper = await insertPaper(tx, { id: newId(), linkId, by, atMs: links.now() }, asked)
      const { documentHash, signedOn, scopes, validUntil } = paper
      await audit.append(tx, {
        action: 'paper-recorded',
        actor: by,
        object: `link:${linkId}`,
        result: 'done',
        detail: { paperId: paper.id, documentHash, signedOn, scopes, validUntil },
      })
      return { kind: 'recorded', paper }
    })
  }

  /** @param documentHash of the document in this person's hands */
  async confirm(by: Person, linkId: string, paperId: string, documentHash: string): Promise<DecideResult> {
    const { database, links } = this.#deps
    const result = await database.transaction(async (tx): Promise<DecideResult> => {
      const paper = await this.#waiting(tx, linkId, paperId)
      if ('kind' in paper) return paper
      if (paper.recordedBy.id === by.id) return { kind: 'same-person' }
      if (paper.documentHash !== documentHash) return { kind: 'document-differs' }
      // The owner may have spoken meanwhile; nobody speaks over them.
      const link = await findLink(tx, linkId)
      if (link?.state !== 'awaiting-consent') return { kind: 'illegal', state: link?.state ?? 'ended' }
      const { scopes, hours, validUntil, signedOn, recordedBy, recordedAt } = paper
      const atMs = links.now()
      const acted = await links.actIn(tx, by, linkId, 'consent', {
        consent: { scopes, validUntil, ...(hours === undefined ? {} : { hours }) },
        paper: {
          ...{ documentHash, signedOn, recordedAt },
          ...{ recordedBy: recordedBy.name, confirmedBy: by.name, confirmedAt: toInstant(atMs) },
        },
      })
      if (acted.kind === 'done') await decidePaper(tx, paperId, { state: 'confirmed', by, atMs })
      return acted
    })
    if (result.kind === 'done') await links.afterAct(linkId, 'consent')
    return result
  }

  /** Either person may take the record back or refuse it; a new one can be recorded. */
  async reject(by: Person, linkId: string, paperId: string, reason: string): Promise<DecideResult> {
    const { database, audit, links } = this.#deps
    return database.transaction(async (tx): Promise<DecideResult> => {
      const paper = await this.#waiting(tx, linkId, paperId)
      if ('kind' in paper) return paper
      await decidePaper(tx, paperId, { state: 'rejected', by, atMs: links.now(), reason })
      await audit.append(tx, {
        action: 'paper-rejected',
        actor: by,
        object: `link:${linkId}`,
        result: 'done',
        detail: { paperId, reason },
      })
      const link = await findLink(tx, linkId)
      return link === undefined ? { kind: 'not-found' } : { kind: 'done', link: shown(link) }
    })
  }

  async #waiting(
    tx: Tx,
    linkId: string,
    paperId: string,
  ): Promise<PaperConsent | Exclude<DecideResult, { kind: 'done' }>> {
    await lockLinks(tx)
    const [paper, link] = [await findPaper(tx, linkId, paperId), await findLink(tx, linkId)]
    if (paper === undefined || link === undefined) return { kind: 'not-found' }
    if (isClosed(link.state)) return { kind: 'illegal', state: link.state }
    return paper.state === 'waiting' ? paper : { kind: 'decided-already' }
  }
}
