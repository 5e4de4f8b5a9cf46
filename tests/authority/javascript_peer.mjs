// The JavaScript example's side of the tests: reads an array of jobs from standard input, writes an array of texts.
// A job is {pem, alg, wanted}; the byte strings in wanted (order, cti, nonce) are hexadecimal. What throws is told.

import { readFileSync } from 'node:fs'
import { base45, issuer } from '../../docs/examples/javascript/token.mjs'

const answer = ({ pem, alg, wanted, base45: hex }) => {
  if (hex !== undefined) return base45(Buffer.from(hex, 'hex'))
  for (const name of ['order', 'cti', 'nonce']) {
    if (wanted[name] !== undefined) wanted[name] = Buffer.from(wanted[name], 'hex')
  }
  try {
    return issuer(pem, alg)(wanted)
  } catch (wrong) {
    return `refused: ${wrong.message}`
  }
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map(answer)))
