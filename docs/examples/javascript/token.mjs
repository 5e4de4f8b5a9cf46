// Issues the cabinet's QR tokens (docs/tokens.md): deterministic CBOR by cborg; Ed25519, SHA-256 and chance by Node.
//
//   const issue = issuer(readFileSync('issuer.pem'))
//   issue({ aud: 'sjz-gate-1', purpose: 'collect', order: '20250612-0042', life: 7 * 86400 })   // 'LK1:...'

import { createHash, createPrivateKey, createPublicKey, randomBytes, sign } from 'node:crypto'
import { Tagged, encode, rfc8949EncodeOptions } from 'cborg'

const PURPOSES = { deposit: 1, collect: 2, staff: 3, technician: 4 }
const SIZES = { '': 0, S: 1, M: 2, L: 3 }
const DAY = 86400
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:'

const cbor = (value) => encode(value, rfc8949EncodeOptions)

/** Base45 (RFC 9285): two bytes become three characters, a last single one becomes two, least first. */
export function base45 (bytes) {
  let text = ''
  for (let at = 0; at < bytes.length; at += 2) {
    const pair = at + 1 < bytes.length
    let rest = pair ? bytes[at] * 256 + bytes[at + 1] : bytes[at]
    for (let count = pair ? 3 : 2; count > 0; count--) {
      text += ALPHABET[rest % 45]
      rest = Math.floor(rest / 45)
    }
  }
  return text
}

/**
 * The claims as a Map: a plain object would make its keys texts ("3"), and the cabinet wants the integer 3.
 * What is not given is left out: a claim of null is refused.
 */
function claims ({ aud, sub, iat, life = DAY, nbf, cti, nonce, purpose, door = 0, order = '', size = '', low, spoken }) {
  if (!Object.hasOwn(PURPOSES, purpose)) throw new RangeError(`purpose must be one of ${Object.keys(PURPOSES).join(', ')}`)
  if (!Object.hasOwn(SIZES, size)) throw new RangeError('size must be S, M or L, or left out')
  const number = PURPOSES[purpose]
  const resident = number <= 2
  const bytes = Buffer.from(order) // a text becomes UTF-8: one Chinese character is three of the 16 bytes
  if (resident ? bytes.length < 1 || bytes.length > 16 : bytes.length > 0) {
    throw new RangeError(`order has ${bytes.length} bytes: must be 1 to 16 to deposit and collect, else none`)
  }
  if (resident === Boolean(sub)) throw new RangeError('sub is the person: for staff and technicians, and only for them')
  if (!(life >= 1 && life <= (number === 2 ? 60 : 7) * DAY)) throw new RangeError('life must be 1 s to 7 days, collect 60')
  const flags = SIZES[size] | (low ? 4 : 0) | (spoken ? 8 : 0)
  const errand = [number, door, bytes, flags]
  const all = [[2, sub], [3, aud], [4, iat + life], [5, nbf], [6, iat], [7, cti], [10, nonce], [-65537, errand]]
  return new Map(all.filter(([, value]) => value !== undefined))
}

/**
 * A function that issues tokens with this private key (PKCS #8, as `locker token keygen` or openssl writes it).
 * `alg` is -8 or -19, as the cabinet's key set says for this key.
 */
export function issuer (pem, alg = -8) {
  const key = createPrivateKey(pem)
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError(`the key is ${key.asymmetricKeyType}, not ed25519`)
  const raw = Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x, 'base64url')
  const kid = createHash('sha256').update(raw).digest().subarray(0, 4)
  const header = cbor(new Map([[1, alg], [4, kid]]))
  return (wanted) => {
    const now = { iat: Math.floor(Date.now() / 1000), cti: randomBytes(16) } // given ones are for tests only
    const payload = cbor(claims({ ...now, ...wanted }))
    const signature = sign(null, cbor(['Signature1', header, new Uint8Array(), payload]), key)
    return 'LK1:' + base45(cbor(new Tagged(18, [header, new Map(), payload, signature])))
  }
}
