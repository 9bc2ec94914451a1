import { createHash, randomBytes } from 'node:crypto'
import t from 'tap'
import type { VirtualCamera } from '../../scripts/virtual-township/virtual-camera/virtual-camera.ts'
import { NS } from '../../scripts/virtual-township/virtual-camera/xml.ts'
import { lacksFfmpeg, open } from './running.ts'

/** GetDeviceInformation with a WS-UsernameToken of that time. */
async function ask(camera: VirtualCamera, password: string, atMs: number, nonce = randomBytes(16)): Promise<string> {
  const created = new Date(atMs).toISOString()
  const proof = createHash('sha1').update(nonce).update(created).update(password).digest('base64')
  const body = `<s:Envelope xmlns:s="${NS.soap}"><s:Header><Security xmlns="${NS.security}"><UsernameToken><Username>${camera.device.username}</Username><Password Type="x#PasswordDigest">${proof}</Password><Nonce>${nonce.toString('base64')}</Nonce><Created>${created}</Created></UsernameToken></Security></s:Header><s:Body><GetDeviceInformation xmlns="${NS.device}"/></s:Body></s:Envelope>`
  const url = `http://${camera.found.onvif}/onvif/device_service`
  const response = await fetch(url, { method: 'POST', body })
  return `${response.status} ${await response.text()}`
}

t.test('logins are as strict as the make', { skip: lacksFfmpeg }, async (t) => {
  const township = await open('127.0.24.0', ['cam-liangzhan', 'cam-guangchang', 'cam-shuiku'])
  t.teardown(() => township.close())
  const dahua = township.camera('cam-liangzhan')
  const axis = township.camera('cam-guangchang')
  const now = Date.now()
  const { password } = dahua.device

  t.match(await ask(dahua, password, now + 28_800_000), /^200 /, 'the time is the camera’s')
  t.match(await ask(dahua, password, now), /^401 .*NotAuthorized.*still have 19 attempt/s, 'not ours')
  t.match(await ask(dahua, 'wrong', now + 28_800_000), /still have 18 attempt/, 'attempts are counted down')
  t.match(await ask(dahua, password, now + 28_800_000), /^200 /)
  for (let left = 19; left >= 0; left -= 1) {
    t.match(await ask(dahua, 'wrong', now + 28_800_000), `still have ${left} attempt`)
  }
  t.match(await ask(dahua, password, now + 28_800_000), /locked/, 'and then the account is locked')

  const nonce = randomBytes(16)
  t.match(await ask(axis, axis.device.password, now, nonce), /^200 /)
  t.match(await ask(axis, axis.device.password, now, nonce), /^401 /, 'Axis refuses a replay')

  const noname = township.camera('cam-shuiku')
  t.match(await ask(noname, noname.device.password, 0), /^200 /, 'a no-name never looks at the time')
})
