import { randomUUID } from 'node:crypto'
import type { Database } from '../../gateway/storage/database.ts'

export interface SeededLink {
  deviceId: string
  linkId: string
  invitationId: string
}

/** A shop's camera with its link and the owner's invitation, as they lie in the database. */
export async function seedPrivateLink(
  { client }: Database,
  { state = 'awaiting-consent', expiresMs = 0 }: { state?: string; expiresMs?: number },
): Promise<SeededLink> {
  const now = new Date(0)
  const [deviceId, cameraId, linkId, invitationId] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()]
  await client.device.create({
    data: { id: deviceId, address: deviceId, kind: 'onvif', deviceProfile: 'generic', createdAt: now, updatedAt: now },
  })
  await client.camera.create({
    data: {
      id: cameraId,
      deviceId,
      channel: '',
      name: '店门口',
      cellCode: '330783101001001',
      placeClass: 'article-9',
      ownership: 'private',
      state: 'online',
      stateSince: now,
      createdAt: now,
      updatedAt: now,
    },
  })
  await client.link.create({
    data: {
      id: linkId,
      cameraId,
      ownership: 'private',
      state,
      stateSince: now,
      partyJson: JSON.stringify({ kind: 'shop', name: '好邻居便利店', contact: '13800000000' }),
      basis: '协议',
      purpose: '治安',
      scopesJson: '["live"]',
      validFrom: now,
      createdAt: now,
    },
  })
  await client.ownerInvitation.create({
    data: { id: invitationId, linkId, tokenHash: randomUUID(), expiresAt: new Date(expiresMs), createdAt: now },
  })
  return { deviceId, linkId, invitationId }
}
