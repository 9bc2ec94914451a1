import { useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { useParts } from '../parts.ts'
import { useLifetime } from '../ui/use-lifetime.ts'

/** The part of the Shape Detection API that is used; browsers without it show no button. */
interface Detector {
  detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]>
}
declare global {
  interface Window {
    BarcodeDetector?: new (options: { formats: string[] }) => Detector
  }
}

const LOOK_EVERY_MS = 250

const canScan = (): boolean =>
  window.BarcodeDetector !== undefined && isSecureContext && navigator.mediaDevices !== undefined

/** An address, or a serial or MAC number to find the device by. */
export type Label = { kind: 'address'; address: string } | { kind: 'mark'; mark: string }

/** Labels hold a bare address, a web address, or the serial number among other things. */
function readLabel(text: string): Label {
  const [, address] = /(?:^|[^\d.])((?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?)(?![\d.])/.exec(text) ?? []
  if (address !== undefined) return { kind: 'address', address }
  const words = text.match(/[0-9A-Za-z:-]{6,}/g) ?? [text]
  const longest = words.reduce((long, word) => (word.length > long.length ? word : long), '')
  return { kind: 'mark', mark: longest.replaceAll(/[:-]/g, '').toLowerCase() }
}

/** Looks through the phone's camera until a code is seen or the person leaves. */
export function ScanLabel({ onRead }: { onRead: (label: Label) => void }) {
  const { t } = useParts().language
  const isOpen = useSignal(false)
  const fault = useSignal(false)
  if (!canScan()) return null
  return (
    <>
      <button
        type="button"
        class="wide"
        aria-expanded={isOpen.value}
        onClick={() => {
          fault.value = false
          isOpen.value = !isOpen.value
        }}
      >
        {t(isOpen.value ? 'scan.stop' : 'scan.start')}
      </button>
      {fault.value && <p class="hint">{t('scan.noCamera')}</p>}
      {isOpen.value && (
        <Finder
          onRead={(label) => {
            isOpen.value = false
            onRead(label)
          }}
          onFault={() => {
            isOpen.value = false
            fault.value = true
          }}
        />
      )}
    </>
  )
}

function Finder({ onRead, onFault }: { onRead: (label: Label) => void; onFault: () => void }) {
  const { t } = useParts().language
  const video = useRef<HTMLVideoElement>(null)
  useLifetime((until) => {
    look(video.current, until).then((text) => text !== undefined && onRead(readLabel(text)), onFault)
  })
  return (
    <figure class="finder">
      <video ref={video} muted playsInline aria-label={t('scan.start')} />
      <figcaption class="hint">{t('scan.hint')}</figcaption>
    </figure>
  )
}

/** @returns the first code seen, or undefined once aborted; rejects where there is no camera to look through */
async function look(video: HTMLVideoElement | null, until: AbortSignal): Promise<string | undefined> {
  if (video === null || window.BarcodeDetector === undefined) return undefined
  const detector = new window.BarcodeDetector({ formats: ['qr_code', 'code_128', 'data_matrix'] })
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } })
  try {
    video.srcObject = stream
    await video.play()
    while (!until.aborted) {
      const [code] = await detector.detect(video)
      if (code !== undefined) return code.rawValue
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
    }
    return undefined
  } finally {
    for (const track of stream.getTracks()) track.stop()
  }
}
