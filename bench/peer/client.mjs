// The client that a user would otherwise write: node:http, one request signed as RFC 9421 asks, the answer read.
// node client.mjs PORT SECRET_FILE
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';

const [port, secretFile] = process.argv.slice(2);
const body = '{"action":"list-actions"}';
const digest = `sha-256=:${createHash('sha256').update(body).digest('base64')}:`;
const created = Math.floor(Date.now() / 1000);
const params = `("@method" "@authority" "@path" "content-digest");created=${created};keyid="agent";nonce="${randomBytes(8).toString('hex')}"`;
const base = `"@method": POST\n"@authority": localhost\n"@path": /action\n"content-digest": ${digest}\n"@signature-params": ${params}`;
const mac = createHmac('sha256', readFileSync(secretFile)).update(base).digest('base64');
const headers = {
  host: 'localhost',
  'content-type': 'application/json',
  'content-length': body.length,
  'content-digest': digest,
  'signature-input': `ccc=${params}`,
  signature: `ccc=:${mac}:`,
};
const sent = request({ host: '127.0.0.1', port, method: 'POST', path: '/action', headers }, (answer) => {
  answer.resume();
  answer.on('end', () => process.exit(answer.statusCode === 200 ? 0 : 1));
});
sent.end(body);
