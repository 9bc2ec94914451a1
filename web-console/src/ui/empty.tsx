import type { ComponentChildren } from 'preact'

/** What a place says when it has nothing else to show. */
export function Empty({ text, children }: { text: string; children?: ComponentChildren }) {
  return (
    <div class="empty" role="status">
      <p>{text}</p>
      {children}
    </div>
  )
}
