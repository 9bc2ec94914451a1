import { toInstant } from '../contracts/common.ts'
import { Hours, LinkScope, type NewPaperConsent, type PaperConsent, PaperState } from '../contracts/link.ts'
import type { Tx } from '../storage/database.ts'
import type { Prisma } from '../storage/generated/sqlite/client.ts'

type PaperRow = Prisma.PaperConsentGetPayload<object>

export function toPaperConsent(row: PaperRow): PaperConsent {
  const { decidedById, decidedByName, decidedAt } = row
  return {
    id: row.id,
    linkId: row.linkId,
    state: PaperState.parse(row.state),
    scopes: LinkScope.array().parse(JSON.parse(row.scopesJson)),
    ...(row.hoursJson === null ? {} : { hours: Hours.parse(JSON.parse(row.hoursJson)) }),
    validUntil: toInstant(row.validUntil.getTime()),
    documentHash: row.documentHash,
    signedOn: row.signedOn,
    recordedBy: { id: row.recordedById, name: row.recordedByName },
    recordedAt: toInstant(row.recordedAt.getTime()),
    ...(decidedById === null ? {} : { decidedBy: { id: decidedById, name: decidedByName ?? '' } }),
    ...(decidedAt === null ? {} : { decidedAt: toInstant(decidedAt.getTime()) }),
    ...(row.reason === null ? {} : { reason: row.reason }),
  }
}

interface Person {
  id: string
  name: string
}

export async function insertPaper(
  tx: Tx,
  paper: { id: string; linkId: string; by: Person; atMs: number },
  asked: NewPaperConsent,
): Promise<PaperConsent> {
  const row = await tx.paperConsent.create({
    data: {
      id: paper.id,
      linkId: paper.linkId,
      state: 'waiting',
      scopesJson: JSON.stringify([...new Set(asked.scopes)]),
      hoursJson: asked.hours === undefined ? null : JSON.stringify(asked.hours),
      validUntil: new Date(asked.validUntil),
      documentHash: asked.documentHash,
      signedOn: asked.signedOn,
      recordedById: paper.by.id,
      recordedByName: paper.by.name,
      recordedAt: new Date(paper.atMs),
    },
  })
  return toPaperConsent(row)
}

export async function findPaper(client: Tx, linkId: string, id: string): Promise<PaperConsent | undefined> {
  const row = await client.paperConsent.findFirst({ where: { id, linkId } })
  return row === null ? undefined : toPaperConsent(row)
}

/** Newest first. */
export async function listPapers(client: Tx, linkId: string, limit: number): Promise<PaperConsent[]> {
  const rows = await client.paperConsent.findMany({ where: { linkId }, orderBy: { recordedAt: 'desc' }, take: limit })
  return rows.map(toPaperConsent)
}

/** @returns false where it has been decided already */
export async function decidePaper(
  tx: Tx,
  id: string,
  decision: { state: 'confirmed' | 'rejected'; by: Person; atMs: number; reason?: string },
): Promise<boolean> {
  const { count } = await tx.paperConsent.updateMany({
    where: { id, state: 'waiting' },
    data: {
      state: decision.state,
      decidedById: decision.by.id,
      decidedByName: decision.by.name,
      decidedAt: new Date(decision.atMs),
      reason: decision.reason ?? null,
    },
  })
  return count > 0
}
