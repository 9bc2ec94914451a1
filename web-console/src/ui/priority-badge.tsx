import type { Priority } from '../../../gateway/contracts/alarm.ts'
import { useParts } from '../parts.ts'
import './priority-badge.css'

const SHAPES: Readonly<Record<Priority, string>> = {
  1: 'M8.5 2h7L22 8.5v7L15.5 22h-7L2 15.5v-7Z',
  2: 'M12 1.5 23 22H1Z',
  3: 'M2.5 2.5h19v19h-19Z',
  4: 'M12 1.5a10.5 10.5 0 1 1 0 21 10.5 10.5 0 0 1 0-21Z',
}
/** The triangle is narrow at the top, so its digit stands lower. */
const DIGIT_Y: Readonly<Record<Priority, number>> = { 1: 17, 2: 20, 3: 17, 4: 17 }

/** Priority by shape, digit and colour, so that none of the three is needed alone. */
export function PriorityBadge({ priority, cleared }: { priority: Priority; cleared: boolean }) {
  const { t } = useParts().language
  return (
    <svg
      class={`priority priority-${priority}${cleared ? ' priority-cleared' : ''}`}
      viewBox="0 0 24 24"
      role="img"
      aria-label={t(`priority.${priority}`)}
    >
      <path d={SHAPES[priority]} />
      <text x="12" y={DIGIT_Y[priority]} text-anchor="middle">
        {priority}
      </text>
    </svg>
  )
}
