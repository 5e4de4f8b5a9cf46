// node issue.mjs --key issuer.pem --aud sjz-gate-1 --purpose collect --order 20250612-0042 [--life 604800] [--size M]
//                [--door 5] [--low] [--spoken] [--sub 王芳] [--alg ed25519]        prints the token's text on one line

import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { issuer } from './token.mjs'

const ALGS = { eddsa: -8, ed25519: -19 }
const words = ['key', 'aud', 'purpose', 'order', 'life', 'size', 'door', 'sub', 'alg'].map((name) => [name, { type: 'string' }])
const switches = ['low', 'spoken'].map((name) => [name, { type: 'boolean' }])

try {
  const { values } = parseArgs({ options: Object.fromEntries([...words, ...switches]) })
  const { key, alg = 'eddsa', life, door, ...wanted } = values
  if (!key || !wanted.aud) throw new TypeError('--key FILE and --aud CABINET are needed')
  if (!Object.hasOwn(ALGS, alg)) throw new TypeError('--alg must be eddsa or ed25519')
  if (life !== undefined) wanted.life = Number(life)
  if (door !== undefined) wanted.door = Number(door)
  console.log(issuer(readFileSync(key), ALGS[alg])(wanted))
} catch (wrong) {
  console.error(`issue.mjs: ${wrong.message}`)
  process.exitCode = 2
}
