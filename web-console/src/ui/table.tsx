import type { ComponentChildren } from 'preact'
import type { Key } from '../i18n/areas.ts'
import { useParts } from '../parts.ts'

/** A table with these words above its columns; it scrolls by itself where it is wider than its page. */
export function Table({
  class: name,
  columns,
  children,
}: {
  class?: string
  columns: readonly Key[]
  children: ComponentChildren
}) {
  const { t } = useParts().language
  return (
    <div class="table-scroll">
      <table class={name}>
        <thead>
          <tr>
            {columns.map((key) => (
              <th key={key} scope="col">
                {t(key)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  )
}
