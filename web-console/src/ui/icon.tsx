const PATHS = {
  live: 'M12 6a6 6 0 1 1 0 12 6 6 0 0 1 0-12Z',
  stalled: 'M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18Zm0 2v7l5 5a7 7 0 0 0-5-12Z',
  offline: 'M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18ZM5.5 7 17 18.5A8 8 0 0 0 18.500 17L7 5.500Z',
  lock: 'M7 10V8a5 5 0 0 1 10 0v2h1v10H6V10Zm2 0h6V8a3 3 0 0 0-6 0Z',
  unsupported: 'M3 5h18v14H3Zm2 2v10h14V7Zm3 2 8 6-1 1.500-8-6Z',
  refused: 'M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18Zm-5 8v2h10v-2Z',
  empty: 'M4 5h16v14H4Zm2 2v10h12V7Zm5 2h2v2h2v2h-2v2h-2v-2H9v-2h2Z',
  menu: 'M3 5h18v2H3Zm0 6h18v2H3Zm0 6h18v2H3Z',
  ok: 'm4 12 2-2 4 4 8-9 2 2-10 11Z',
  fail: 'm6 4 6 6 6-6 2 2-6 6 6 6-2 2-6-6-6 6-2-2 6-6-6-6Z',
  alarm: 'M12 3a6 6 0 0 1 6 6v5l2 3H4l2-3V9a6 6 0 0 1 6-6Zm-2 15h4a2 2 0 0 1-4 0Z',
  zoom: 'M4 4h6v2H6v4H4Zm10 0h6v6h-2V6h-4ZM4 14h2v4h4v2H4Zm14 0h2v6h-6v-2h4Z',
  sound: 'M4 9h4l5-4v14l-5-4H4Zm11-2a6 6 0 0 1 0 10l-1-1.700a4 4 0 0 0 0-6.600Z',
  muted: 'M4 9h4l5-4v14l-5-4H4Zm11 1.500 1.500-1.500 2 2 2-2 1.500 1.500-2 2 2 2-1.500 1.500-2-2-2 2-1.500-1.500 2-2Z',
  round: 'M12 4a8 8 0 0 1 7.700 6H17.500a6 6 0 1 0 .200 3.500l2 .500A8 8 0 1 1 12 4Zm5 1 4 5h-6Z',
} as const

// Cast: the keys of a literal object are exactly its type's keys.
export const ICONS = Object.keys(PATHS) as readonly (keyof typeof PATHS)[]

/** A picture beside words, never instead of them. */
export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 24 24" aria-hidden="true">
      <path fill-rule="evenodd" d={PATHS[name]} />
    </svg>
  )
}
