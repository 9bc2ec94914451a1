import type { Case } from '../../../gateway/contracts/case.ts'
import { AlarmList } from '../alarms/alarm-list.tsx'
import { CaseColumn } from '../cases/case-column.tsx'
import { useParts } from '../parts.ts'
import { CasePicture } from './case-picture.tsx'
import type { TileMeans } from './use-tile-session.ts'

interface DutyProps {
  means: TileMeans
  frugal: boolean
  /** Others must say why they watch, so nothing is opened in their name. */
  mayWatch: boolean
  onOpen: (cameraId: string, caseId?: string) => void
  onNearest: (one: Case) => void
}

/** Cases, with the picture of the chosen one, and alarms. */
export function DutyColumn({ means, frugal, mayWatch, onOpen, onNearest }: DutyProps) {
  const { township } = useParts()
  return (
    <div class="duty-column">
      <CaseColumn
        onOpen={onOpen}
        onNearest={onNearest}
        picture={(one) => {
          const camera = mayWatch ? township.cameras.value.get(one.cameraId ?? '') : undefined
          return (
            camera && (
              <CasePicture
                key={one.id}
                camera={camera}
                caseId={one.id}
                means={means}
                frugal={frugal}
                onOpen={() => onOpen(camera.id, one.id)}
              />
            )
          )
        }}
      />
      <AlarmList onOpen={onOpen} />
    </div>
  )
}
