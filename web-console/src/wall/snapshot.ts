import { dateTime } from '../time.ts'

/** A browser begins a download when it likes. */
const KEPT_MS = 60_000

/** Saves a still of a view that is open; the gateway asks the same gate as for the picture. @returns whether it was saved */
export async function saveSnapshot(viewId: string, name: string): Promise<boolean> {
  const answer = await fetch(`/live/${viewId}/snapshot.jpg`, { cache: 'no-store' }).catch(() => undefined)
  if (answer === undefined || !answer.ok) return false
  const url = URL.createObjectURL(await answer.blob())
  const anchor = document.createElement('a')
  anchor.href = url
  anchor.download = `${name} ${dateTime(Date.now()).replaceAll(':', '-')}.jpg`
  anchor.click()
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS)
  return true
}
