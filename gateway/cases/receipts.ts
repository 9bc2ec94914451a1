import type { Alarm } from '../contracts/alarm.ts'
import type { Case } from '../contracts/case.ts'
import { toInstant } from '../contracts/common.ts'
import type { Database } from '../storage/database.ts'

/** Whose page showed a case: one of the centre, or the duty page of somebody who was sent. */
export type Place = 'console' | 'phone'

/** A page shows again a case that was shown before. Kept where it tells something: alarms have joined since. */
export async function keepReceipt({ client }: Database, one: Case, place: Place, now: Date): Promise<void> {
  const last = await client.caseReceipt.findFirst({
    where: { caseId: one.id, place },
    orderBy: { at: 'desc' },
    select: { at: true },
  })
  const shownMs = last?.at.getTime() ?? Date.parse(one.times[place] ?? one.openedAt)
  if (Date.parse(one.lastAlarmAt) <= shownMs) return
  const receipt = { caseId: one.id, place, at: now }
  await client.caseReceipt.upsert({ where: { caseId_place_at: receipt }, create: receipt, update: {} })
}

/** The same alarms with the way each has come so far: what its case was when, no earlier than the alarm itself. */
export async function withTimes({ client }: Database, alarms: readonly Alarm[]): Promise<Alarm[]> {
  const ids = [...new Set(alarms.flatMap(({ caseId }) => caseId ?? []))]
  if (ids.length === 0) return [...alarms]
  const oldest = new Date(Math.min(...alarms.map(({ receivedAt }) => Date.parse(receivedAt))))
  const [cases, receipts] = await Promise.all([
    client.case.findMany({
      where: { id: { in: ids } },
      select: {
        id: true,
        shownAt: true,
        acknowledgedAt: true,
        notifications: { where: { channelId: null, receivedAt: { not: null } }, select: { receivedAt: true } },
      },
    }),
    client.caseReceipt.findMany({ where: { caseId: { in: ids }, at: { gte: oldest } } }),
  ])
  const shown = Map.groupBy(receipts, ({ caseId, place }) => `${caseId} ${place}`)
  const ways = new Map(
    cases.map(({ id, shownAt, acknowledgedAt, notifications }) => {
      const later = (place: Place): number[] => (shown.get(`${id} ${place}`) ?? []).map(({ at }) => at.getTime())
      const way = {
        console: [...(shownAt === null ? [] : [shownAt.getTime()]), ...later('console')],
        phone: [...notifications.flatMap(({ receivedAt }) => receivedAt?.getTime() ?? []), ...later('phone')],
        acknowledgedMs: acknowledgedAt?.getTime(),
      }
      return [id, way]
    }),
  )
  return alarms.map((alarm) => {
    const way = ways.get(alarm.caseId ?? '')
    if (way === undefined) return alarm
    const receivedMs = Date.parse(alarm.receivedAt)
    const since = (times: readonly number[]): number | undefined => {
      const after = times.filter((ms) => ms >= receivedMs)
      return after.length === 0 ? undefined : Math.min(...after)
    }
    const [console, phone] = [since(way.console), since(way.phone)]
    const acknowledged = way.acknowledgedMs === undefined ? undefined : Math.max(way.acknowledgedMs, receivedMs)
    return {
      ...alarm,
      times: {
        ...alarm.times,
        ...(console === undefined ? {} : { console: toInstant(console) }),
        ...(phone === undefined ? {} : { phone: toInstant(phone) }),
        ...(acknowledged === undefined ? {} : { acknowledged: toInstant(acknowledged) }),
      },
    }
  })
}
