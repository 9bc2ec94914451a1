import { useSignal } from '@preact/signals'
import { useParts } from '../parts.ts'
import { date } from '../time.ts'

/** Saves a list as CSV. The gateway answers CSV by content negotiation, which a plain link cannot ask for. */
export function CsvLink({ href, name, label }: { href: string; name: string; label: string }) {
  const { t, code } = useParts().language
  const hasFailed = useSignal(false)

  async function save(event: Event): Promise<void> {
    event.preventDefault()
    const response = await fetch(href, { headers: { accept: 'text/csv', 'accept-language': code.value } }).catch(
      () => undefined,
    )
    hasFailed.value = response?.ok !== true
    if (response?.ok !== true) return
    const url = URL.createObjectURL(await response.blob())
    const link = document.createElement('a')
    link.href = url
    link.download = `${name}-${date(Date.now())}.csv`
    link.click()
    URL.revokeObjectURL(url)
  }

  return (
    <>
      <a class="button" href={href} onClick={(event) => void save(event)}>
        {label}
      </a>
      {hasFailed.value && <span role="alert">{t('csv.failed')}</span>}
    </>
  )
}
